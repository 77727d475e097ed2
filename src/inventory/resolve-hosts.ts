/** Topology and inventory → how each host of the topology is reached. */
import type { Config, SshConfig } from '../config/config.ts';
import { isTrue, NAMES } from './connection-variables.ts';
import type { Host, Inventory, InventoryHost } from './host.ts';
import { parseSshArguments } from './ssh-arguments.ts';

/**
 * Directors first, then realservers, each name once. A host's own `ssh` in the topology wins over the inventory, which
 * wins over the topology's top-level `ssh`.
 */
export function resolveHosts(config: Config, inventory: Inventory | null): Host[] {
  const known = new Map((inventory?.hosts ?? []).map((host) => [host.name, host]));
  const roles = new Map<string, { ssh: SshConfig; groups: string[] }>();
  const add = (name: string, ssh: SshConfig, groups: readonly string[]): void => {
    const before = roles.get(name);
    roles.set(name, { ssh: { ...ssh, ...before?.ssh }, groups: [...(before?.groups ?? []), ...groups] });
  };
  for (const { name, ssh } of config.directors) add(name, ssh, ['directors']);
  for (const { name, ssh, groups } of config.realservers) add(name, ssh, ['realservers', ...groups]);
  return [...roles].map(([name, { ssh, groups }]) =>
    merged(
      name,
      groups,
      [settingsOf(ssh), inventorySettings(known.get(name)), settingsOf(config.ssh)],
      known.get(name),
    ),
  );
}

/** The hosts of an inventory by themselves, as playbooks use them. */
export function hostsOf(inventory: Inventory): Host[] {
  return inventory.hosts.map((host) => merged(host.name, [], [inventorySettings(host)], host));
}

type Settings = Partial<Omit<Host, 'name' | 'vars' | 'groups'>>;

const NOTHING: Omit<Host, 'name' | 'address' | 'vars' | 'groups'> = {
  port: null,
  user: null,
  identity: null,
  password: null,
  proxyCommand: null,
  jump: null,
  knownHostsFiles: null,
  hostKeyPolicy: null,
  identitiesOnly: null,
  become: null,
  becomePassword: null,
};

/** The first of `settings` that says something wins. */
function merged(name: string, groups: readonly string[], settings: Settings[], known?: InventoryHost): Host {
  const all = [...settings].reverse().map(withoutSilence);
  return {
    ...NOTHING,
    address: name,
    ...Object.assign({}, ...all),
    name,
    vars: known?.vars ?? {},
    groups: [...new Set([...(known?.groups ?? []), ...groups])],
  };
}

function withoutSilence(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null));
}

function settingsOf({ host, ...others }: SshConfig): Settings {
  return host === undefined ? others : { address: host, ...others };
}

function variable(host: InventoryHost, meaning: keyof typeof NAMES): unknown {
  const found = NAMES[meaning].find((name) => Object.hasOwn(host.vars, name));
  return found === undefined ? undefined : host.vars[found];
}

/** Types were checked where the variables stand. */
function inventorySettings(host: InventoryHost | undefined): Settings {
  if (host === undefined) return {};
  const words = NAMES.arguments.map((name) => (Object.hasOwn(host.vars, name) ? host.vars[name] : undefined));
  const { options } = parseSshArguments(words.filter((value) => typeof value === 'string').join(' '));
  const text = (meaning: keyof typeof NAMES, keyword = ''): string | null => {
    const value = variable(host, meaning);
    return typeof value === 'string' ? value : (options.get(keyword) ?? null);
  };
  const port = variable(host, 'port') ?? options.get('port');
  const proxyCommand = noneIsNull(options.get('proxycommand'));
  return {
    address: text('host', 'hostname') ?? host.name,
    port: port === undefined ? null : Number(port),
    user: text('user', 'user'),
    identity: text('identity', 'identityfile'),
    password: text('password'),
    proxyCommand,
    jump: proxyCommand === null ? noneIsNull(options.get('proxyjump')) : null,
    knownHostsFiles: options.get('userknownhostsfile')?.split(/\s+/).filter(Boolean) ?? null,
    hostKeyPolicy: policyOf(options.get('stricthostkeychecking') ?? checkingOf(host)),
    identitiesOnly: options.has('identitiesonly') ? options.get('identitiesonly')?.toLowerCase() === 'yes' : null,
    become: becomeOf(host),
    becomePassword: text('becomePassword'),
  };
}

function noneIsNull(value: string | undefined): string | null {
  return value === undefined || value.toLowerCase() === 'none' ? null : value;
}

function checkingOf(host: InventoryHost): string | undefined {
  const checking = variable(host, 'hostKeyChecking');
  return checking === undefined || isTrue(checking) ? undefined : 'no';
}

/** `ask` is strict: nobody is there to be asked. */
function policyOf(value: string | undefined): Host['hostKeyPolicy'] {
  const word = value?.toLowerCase();
  if (word === undefined) return null;
  if (word === 'accept-new') return 'accept-new';
  return word === 'no' || word === 'off' ? 'off' : 'strict';
}

/** lvsctl needs root whatever `ansible_become` says of other tasks: false only chooses nothing. */
function becomeOf(host: InventoryHost): Host['become'] {
  const method = variable(host, 'becomeMethod');
  if (method === 'sudo' || method === 'doas') return method;
  return isTrue(variable(host, 'become')) ? 'sudo' : null;
}
