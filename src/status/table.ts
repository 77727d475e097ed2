/** Tables of text for `status`: IPVS as `ipvsadm -Ln` prints it (people know it by heart), VRRP instance by instance. */
import { drainAlarm } from './drain.ts';
import { type Foreign, foreignRow, heardFrom } from './foreign.ts';
import { hmacWords } from './hmac.ts';
import { holdAlarm } from './hold.ts';
import { masterOf, splitBrain } from './split-brain.ts';
import type { AgentState, DestinationState, InstanceState, ServiceState } from './state.ts';
import { loweredBy } from './tracker.ts';

const FORWARD = { dr: 'Route', nat: 'Masq', tun: 'Tunnel', local: 'Local' } as const;

/** The same columns, in the same order and widths, as ipvsadm(8). */
export function ipvsText(services: readonly ServiceState[]): string {
  return [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    ...services.flatMap((service) => [serviceLine(service), ...service.destinations.map(destinationLine)]),
  ].join('\n');
}

function serviceLine({ protocol, address, port, mark, scheduler, flags, persistenceMs }: ServiceState): string {
  const listener = protocol === 'fwm' ? String(mark ?? 0) : endpoint(address, port);
  const persistent = persistenceMs > 0 ? [`persistent ${Math.round(persistenceMs / 1000)}`] : [];
  // ipvsadm shows flags of the scheduler in brackets, one-packet scheduling as a word of its own.
  const ofScheduler = flags.filter((flag) => flag !== 'ops');
  const brackets = ofScheduler.length > 0 ? [`(${ofScheduler.join(',')})`] : [];
  const onePacket = flags.includes('ops') ? ['ops'] : [];
  return [`${protocol.toUpperCase().padEnd(4)} ${listener}`, scheduler, ...brackets, ...onePacket, ...persistent].join(
    ' ',
  );
}

function destinationLine({ address, port, forward, weight, active, inactive }: DestinationState): string {
  const [where, how] = [endpoint(address, port).padEnd(28), FORWARD[forward].padEnd(7)];
  return `  -> ${where} ${how} ${String(weight).padEnd(6)} ${String(active).padEnd(10)} ${inactive}`;
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** One agent's answer, or why there is none. */
export interface DirectorView {
  readonly director: string;
  readonly state: AgentState | null;
  /** Why there is no state. */
  readonly silence: string | null;
  /** What speaks VRRP there instead of an agent. */
  readonly foreign?: Foreign;
}

/** Rows of cells, the head first: every instance on every director. */
export function vrrpRows(views: readonly DirectorView[]): string[][] {
  const names = [...new Set(views.flatMap(({ state }) => state?.vrrp.instances.map(({ name }) => name) ?? []))];
  const rows = names.flatMap((name) => views.map((view) => rowOf(name, view, views)));
  return [['Instance', 'VRID', 'Director', 'State', 'Prio', 'Since (UTC)', 'VIPs', 'Cause'], ...rows];
}

function rowOf(name: string, { director, state, foreign }: DirectorView, views: readonly DirectorView[]): string[] {
  if (foreign !== undefined) return foreignRow(name, director, foreign, statesOf(views));
  const instance = state?.vrrp.instances.find((one) => one.name === name);
  if (!instance) return [name, '', director, state ? 'takes no part' : 'unknown', '', '', '', ''];
  const held = instance.state === 'MASTER' ? heldText(instance) : '';
  const since = new Date(instance.since).toISOString().slice(0, 19).replace('T', ' ');
  const isWaiting = instance.waitingFor !== null && instance.state !== 'FAULT';
  const cause = isWaiting ? `waits for ${instance.waitingFor}` : instance.cause;
  const why = [cause, ...loweredBy(instance.trackers), ...hmacWords(instance)].join('; ');
  const role = roleText(instance, views);
  return [name, String(instance.vrid), director, role, String(instance.priority), since, held, why];
}

function statesOf(views: readonly DirectorView[]): (AgentState | null)[] {
  return views.map(({ state }) => state);
}

function heldText({ vips, virtualMac }: InstanceState): string {
  return [...vips, ...(virtualMac === undefined ? [] : [`(${virtualMac.interface}, ${virtualMac.mac})`])].join(' ');
}

/** `MASTER (handing over)`, `BACKUP (lame duck, 12 connections)`: how many its successor relays to it. */
function roleText({ name, state, handingOver, lameDuckUntil }: InstanceState, views: readonly DirectorView[]): string {
  if (handingOver !== undefined) return `${state} (handing over)`;
  if (lameDuckUntil === undefined) return state;
  const relays = views.flatMap((view) => view.state?.relays ?? []).filter((relay) => relay.instance === name);
  const count = relays.reduce((sum, { connections }) => sum + connections, 0);
  return `${state} (lame duck${relays.length === 0 ? '' : `, ${count} connection${count === 1 ? '' : 's'}`})`;
}

/** What is wrong with the cluster as a whole, and what each agent complains of; one sentence each. */
export function alarmsOf(views: readonly DirectorView[]): string[] {
  const silent = views.flatMap(({ director, silence }) => (silence === null ? [] : [named(director, silence)]));
  const names = [...new Set(views.flatMap(({ state }) => state?.vrrp.instances.map(({ name }) => name) ?? []))];
  const instances = names.flatMap((name) => instanceAlarm(name, views));
  // That no agent is heard of where none runs is no news.
  const silences = views.flatMap(({ director, foreign }) => (foreign ? [`: ${director} was not heard from `] : []));
  const own = views
    .flatMap(({ director, state }) => (state ? stateAlarms(director, state) : []))
    .filter((alarm) => !silences.some((silence) => alarm.includes(silence)));
  return [...silent, ...instances, ...own];
}

function instanceAlarm(name: string, views: readonly DirectorView[]): string[] {
  const all = views.flatMap(({ director, state }) => masterOf(name, director, state));
  // one that hands over serves on until it has heard its successor
  const staying = all.filter(({ instance }) => instance.handingOver === undefined);
  const masters = staying.length > 0 ? staying : all;
  if (masters.length > 1) return [splitBrain(name, masters)];
  const isForeign = views.some(({ foreign }) => foreign && heardFrom(name, foreign, statesOf(views)) !== undefined);
  return masters.length === 0 && !isForeign ? [`${name} has no MASTER among the directors that answer`] : [];
}

function stateAlarms(
  director: string,
  { at, alarms, config, vrrp, ipvs, holds = [], overrides }: AgentState,
): string[] {
  const found = [
    ...alarms,
    ...holds.flatMap(holdAlarm),
    ...overrides.flatMap((override) => drainAlarm(override, at)),
    ...(config.error === null ? [] : [config.error]),
    ...(vrrp.alive ? [] : ['its VRRP process does not answer']),
    ...(ipvs.error === null ? [] : [ipvs.error]),
    ...(ipvs.leaving.length === 0 ? [] : [`still draining: ${ipvs.leaving.join(', ')}`]),
  ];
  return [...new Set(found)].map((alarm) => `${director}: ${alarm}`);
}

/** A failure of the transport names its host already. */
function named(host: string, sentence: string): string {
  return sentence.startsWith(`${host}:`) || sentence.startsWith(`${host} (`) ? sentence : `${host}: ${sentence}`;
}
