/**
 * Whether a director whose keepalived runs as its keepalived.conf says and one that runs the topology are a pair: they must hear
 * each other, hold the same addresses and balance the same services. Pure.
 */
import type { Config } from '../../config/config.ts';
import type { InstanceConfig } from '../../config/instance.ts';
import type { ServiceConfig } from '../../config/service.ts';
import { misunderstandings, type Speech, speechOf } from '../../config/speech.ts';
import type { Address } from '../../wire/address.ts';
import { importKeepalived } from './import.ts';
import { keepalivedIn } from './keepalived.ts';
import { Notes, noteLine } from './note.ts';
import { type Include, type SourceFile, statementsOf } from './statement.ts';

export interface Agreement {
  /** What makes them no pair: one sentence each, keepalived's side first. */
  readonly differences: readonly string[];
  /** What is not the same and does no harm to the pair. */
  readonly remarks: readonly string[];
}

/**
 * @param config with secrets resolved
 * @param director whose keepalived.conf it is
 */
export function agreementOf(config: Config, director: string, file: SourceFile, include: Include): Agreement {
  const dips = config.directors.find(({ name }) => name === director)?.dips ?? [];
  const { topology, notes } = importKeepalived({
    files: [{ director, file }],
    include,
    addresses: dips.map((dip) => ({ director, ...dip })),
    names: new Map(config.realservers.flatMap(({ name, rips }) => rips.map((rip) => [rip, name] as const))),
    cluster: config.cluster,
    secrets: 'text',
  });
  if (topology === null)
    return { differences: notes.filter(({ kind }) => kind === 'wrong').map(noteLine), remarks: [] };
  const lost = notes.filter(({ kind }) => kind === 'lost').length;
  const services = servicesOf(config, file, include);
  return {
    differences: [
      ...instancesOf(config, director, topology.config),
      ...signaturesOf(config, director, file, include),
      ...services.differences,
    ],
    remarks: [
      ...prioritiesOf(config, director, topology.config),
      ...services.remarks,
      ...syncOf(config, director, topology.config, hasSync(file, include)),
      ...(lost === 0 ? [] : [`${lost} statements of keepalived.conf are not carried; lvsctl import names them`]),
    ],
  };
}

/** Virtual routers are told apart by VRID and family (RFC 9568 section 5.2.3). */
function sameRouter({ vrid, family }: InstanceConfig): (other: InstanceConfig) => boolean {
  return (other) => other.vrid === vrid && other.family === family;
}

function ownOf({ instances }: Config, director: string): InstanceConfig[] {
  return instances.filter(({ speakers }) => speakers.some((one) => one.director === director));
}

function instancesOf(config: Config, director: string, theirs: Config): string[] {
  const ours = ownOf(config, director);
  const unknown = theirs.instances.filter((one) => !ours.some(sameRouter(one)));
  return [
    ...unknown.map(({ name, vrid }) => `keepalived runs VRID ${vrid} (${name}), and the topology has no such instance`),
    ...ours.flatMap((one) => {
      const there = theirs.instances.find(sameRouter(one));
      if (there === undefined) return [`keepalived does not run VRID ${one.vrid} (${one.name})`];
      return instanceDifferences(config, director, there, one).map((what) => `${one.name}: ${what}`);
    }),
  ];
}

function instanceDifferences(config: Config, director: string, theirs: InstanceConfig, ours: InstanceConfig): string[] {
  const on = (one: InstanceConfig) => one.speakers.find((speaker) => speaker.director === director)?.interface;
  const checksum = ours.version === 3 && ours.family === 4 && theirs.checksum !== ours.checksum;
  return [
    ...misunderstandings(foreignSpeech(config, theirs), speechOf(ours)),
    ...(on(theirs) === on(ours) ? [] : [`interface ${on(theirs)} → ${on(ours)}`]),
    ...(checksum ? [`checksum ${theirs.checksum} → ${ours.checksum}`] : []),
    ...listDifference('VIPs', addressesOf(theirs), addressesOf(ours)),
    ...(ours.transport === 'unicast'
      ? listDifference('other speakers', strangers(config, theirs), strangers(config, ours))
      : []),
  ];
}

function addressesOf({ vips, extraVips }: InstanceConfig): string[] {
  return [...vips, ...extraVips].map(({ address }) => address);
}

function listDifference(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const [one, other] = [theirs, ours].map((list) => [...new Set(list)].sort().join(', '));
  return one === other ? [] : [`${what} ${one || 'none'} → ${other || 'none'}`];
}

/** Peers that are directors of the topology are known by their names. */
function foreignSpeech(config: Config, theirs: InstanceConfig): Speech {
  const own = speechOf(theirs);
  const named = theirs.foreignPeers.flatMap((peer) => {
    const name = directorWith(config, peer);
    return name === undefined ? [] : [[name, peer] as const];
  });
  return { ...own, speakers: { ...Object.fromEntries(named), ...own.speakers } };
}

function directorWith({ directors }: Config, address: Address): string | undefined {
  return directors.find(({ dips }) => dips.some((dip) => dip.address === address))?.name;
}

function strangers(config: Config, { foreignPeers }: InstanceConfig): string[] {
  return foreignPeers.filter((peer) => directorWith(config, peer) === undefined);
}

/**
 * A signed advert is too long for whoever has no key, and an unsigned one is not believed by who enforces. What `auth_hmac` says
 * is not read, so it is no pair with anybody.
 */
function signaturesOf(config: Config, director: string, file: SourceFile, include: Include): string[] {
  const { instances } = keepalivedIn(statementsOf(file, include), new Notes());
  const signed = instances.filter(({ isSigned }) => isSigned);
  const signs = ownOf(config, director).filter(({ hmac }) => hmac !== null && hmac.mode !== 'receive');
  return [
    ...signed.map(({ name }) => `${name}: keepalived signs (auth_hmac); take it out on all directors first`),
    ...signs.map(
      ({ name, hmac }) =>
        `${name}: hmac with mode: ${hmac?.mode} is not for keepalived; leave \`hmac\` out, or write mode: receive, until all directors run lvs-agent`,
    ),
  ];
}

function prioritiesOf(config: Config, director: string, theirs: Config): string[] {
  const priority = (one: InstanceConfig) => one.speakers.find((speaker) => speaker.director === director)?.priority;
  return ownOf(config, director).flatMap((ours) => {
    const there = theirs.instances.find(sameRouter(ours));
    if (there === undefined) return [];
    const [one, other] = [priority(there), priority(ours)];
    return [
      ...(one === other ? [] : [`${ours.name}: priority ${one} → ${other}`]),
      ...(there.preempt === ours.preempt ? [] : [`${ours.name}: preempt ${there.preempt} → ${ours.preempt}`]),
    ];
  });
}

function hasSync(file: SourceFile, include: Include): boolean {
  const { sections } = keepalivedIn(statementsOf(file, include), new Notes());
  return sections.some(({ key }) => key === 'sync');
}

/** Both sides run the kernel's own daemons: they hear each other if they are told the same. */
function syncOf(config: Config, director: string, theirs: Config, there: boolean): string[] {
  if (config.services.length === 0 || config.directors.length < 2) return [];
  const NONE = 'whoever takes over knows none of the connections, and they are cut';
  if (!config.sync.enabled) return [`\`sync.enabled\` is false: ${NONE}`];
  if (!there) return [`keepalived syncs no connections (there is no lvs_sync_daemon): ${NONE}`];
  const dips = config.directors.find(({ name }) => name === director)?.dips ?? [];
  const words = ({ sync }: Config): string =>
    `${sync.interface ?? dips.at(-1)?.interface}, id ${sync.id}, ${sync.group}:${sync.port}`;
  return words(theirs) === words(config) ? [] : [`connection sync: ${words(theirs)} → ${words(config)}; ${NONE}`];
}

function servicesOf(config: Config, file: SourceFile, include: Include): Agreement {
  const { services } = keepalivedIn(statementsOf(file, include), new Notes());
  const differences: string[] = [];
  const remarks: string[] = [];
  const listed = new Set<string>();
  for (const { listen, mark, parts, destinations } of services) {
    const mode = parts.find(({ key }) => key === 'mode')?.draft;
    for (const key of mark === null ? listen : [`mark ${mark}`]) {
      listed.add(key);
      const ours = config.services.find((one) => keysOf(one).includes(key));
      if (ours === undefined) {
        differences.push(`keepalived balances ${key}, and the topology has no such service`);
        continue;
      }
      if (mode?.kind === 'value' && mode.value !== ours.mode)
        differences.push(`${key}: mode ${mode.value} → ${ours.mode}`);
      const [theirs, own] = [destinations, ours.realservers].map((all) => all.map(({ address }) => address));
      remarks.push(...listDifference(`${key}: realservers`, theirs ?? [], own ?? []));
    }
  }
  const more = config.services.flatMap(keysOf).filter((key) => !listed.has(key));
  return { differences, remarks: [...remarks, ...more.map((key) => `keepalived does not balance ${key}`)] };
}

/** As `listen` is written, without the protocol that goes without saying. */
function keysOf({ listen, mark }: ServiceConfig): string[] {
  if (mark !== null) return [`mark ${mark}`];
  return listen.map(
    ({ address, port, protocol }) =>
      `${address.includes(':') ? `[${address}]` : address}:${port}${protocol === 'tcp' ? '' : `/${protocol}`}`,
  );
}
