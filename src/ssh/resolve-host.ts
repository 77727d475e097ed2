/**
 * How a host is reached: what inventory and topology say first, then ssh_config, then OpenSSH's defaults. Pure but for
 * what is passed in.
 */
import type { HostConnection, HostKeyPolicy } from './connection.ts';
import { ConnectionFailure } from './failure.ts';
import { knownHostsName } from './known-hosts.ts';
import type { HostKeywords, SshConfigFiles } from './ssh-config.ts';

/** What inventory and topology may say; null and undefined: nothing. Paths may begin with `~/`. */
export interface HostSettings {
  readonly name: string;
  /** Written by somebody: looked up in ssh_config as it stands. */
  readonly address?: string | null | undefined;
  /** Used when neither `address` nor a HostName of ssh_config is there: the host's own address in the topology. */
  readonly fallbackAddress?: string | null | undefined;
  readonly port?: number | null | undefined;
  readonly user?: string | null | undefined;
  readonly identity?: string | null | undefined;
  readonly identitiesOnly?: boolean | null | undefined;
  readonly password?: string | null | undefined;
  /** As in ssh_config, tokens %h %p %r %n %% in it; `none` overrides ssh_config. */
  readonly proxyCommand?: string | null | undefined;
  /** `[user@]host[:port]`, several joined by commas; `none` overrides ssh_config. */
  readonly jump?: string | null | undefined;
  readonly knownHostsFiles?: readonly string[] | null | undefined;
  readonly hostKeyAlias?: string | null | undefined;
  readonly hostKeyPolicy?: HostKeyPolicy | null | undefined;
  /** @default sudo, or none for root */
  readonly become?: 'none' | 'sudo' | 'doas' | null | undefined;
  readonly becomePassword?: string | null | undefined;
}

export interface Surroundings {
  readonly sshConfig: SshConfigFiles;
  readonly home: string;
  /** The user of this machine: whom OpenSSH logs in as by default. */
  readonly localUser: string;
  /** SSH_AUTH_SOCK. */
  readonly agentSocket: string | null;
}

/** Jump hosts have ssh_config entries, which may have jump hosts. */
const MOST_HOPS = 8;

const DEFAULT_IDENTITIES = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];

/** @throws ConnectionFailure (phase `resolve`) for settings that cannot be used. */
export function resolveHost(settings: HostSettings, around: Surroundings): HostConnection {
  return resolve(settings, around, 0);
}

function resolve(settings: HostSettings, around: Surroundings, depth: number): HostConnection {
  const asked = settings.address ?? settings.name;
  const keywords = around.sshConfig.keywordsFor(asked, settings.user ?? undefined);
  const word: Keyword = (keyword) => keywords[keyword]?.[0];
  const address = word('hostname')?.replaceAll('%h', asked) ?? settings.address ?? settings.fallbackAddress ?? asked;
  const port = settings.port ?? portOf(word('port')) ?? 22;
  const user = settings.user ?? word('user') ?? around.localUser;
  const tokens: Tokens = { h: address, n: asked, p: String(port), r: user, u: around.localUser, d: around.home };
  const ways = waysOf(settings, word);
  const problem = problemWith(address, ways.proxyCommand === null ? null : user, depth);
  if (problem !== undefined) throw unusable(settings.name, `${address}:${port}`, problem);
  const path = (text: string): string => withTokens(tilde(text, around.home), tokens);
  return {
    name: settings.name,
    address,
    port,
    user,
    ...loginOf(settings, keywords, around, path),
    proxyCommand: ways.proxyCommand === null ? null : withTokens(ways.proxyCommand, tokens),
    jumps: hopsOf(ways.jump, settings, around, depth),
    knownHostsFiles: knownHostsFilesOf(settings, keywords).map(path),
    hostKeyName: (settings.hostKeyAlias ?? word('hostkeyalias'))?.toLowerCase() ?? knownHostsName(address, port),
    hostKeyPolicy: settings.hostKeyPolicy ?? policyOf(word('stricthostkeychecking')),
    become: user === 'root' ? 'none' : (settings.become ?? 'sudo'),
    becomePassword: settings.becomePassword ?? null,
  };
}

type Keyword = (name: string) => string | undefined;

/** Both go into a command line that a shell reads (ProxyCommand), as OpenSSH checks them. */
function problemWith(address: string, shellUser: string | null, depth: number): string | undefined {
  if (!/^[\w.:%-]+$/.test(address) || address.startsWith('-')) return `"${address}" is no host name or address`;
  if (shellUser !== null && !/^[\w.@+-]+$/.test(shellUser)) return `"${shellUser}" is no user name for a ProxyCommand`;
  return depth > MOST_HOPS ? 'its jump hosts lead back to each other' : undefined;
}

function unusable(host: string, target: string, why: string): ConnectionFailure {
  return new ConnectionFailure({ host, target, phase: 'resolve', reason: { kind: 'settings', why } });
}

function loginOf(
  settings: HostSettings,
  keywords: HostKeywords,
  around: Surroundings,
  path: (text: string) => string,
): Pick<HostConnection, 'identities' | 'identitiesOnly' | 'agentSocket' | 'password'> {
  const identities = settings.identity ? [settings.identity] : (keywords['identityfile'] ?? DEFAULT_IDENTITIES);
  return {
    identities: identities.filter((file) => file !== 'none').map(path),
    identitiesOnly: settings.identitiesOnly ?? isYes(keywords['identitiesonly']?.[0]),
    agentSocket: agentOf(keywords['identityagent']?.[0], around, path),
    password: settings.password ?? null,
  };
}

/** Of ProxyCommand and ProxyJump one holds: what was written for the host before what ssh_config says. */
function waysOf(
  settings: HostSettings,
  word: Keyword,
): { readonly proxyCommand: string | null; readonly jump: string | null } {
  const set = (text: string | null | undefined): string | null => (text && text.toLowerCase() !== 'none' ? text : null);
  if (settings.proxyCommand || settings.jump) {
    const jump = set(settings.jump);
    return { proxyCommand: jump ? null : set(settings.proxyCommand), jump };
  }
  const jump = set(word('proxyjump'));
  return { proxyCommand: jump ? null : set(word('proxycommand')), jump };
}

/** A hop takes the target's written key and known_hosts files where ssh_config gives it none of its own. */
function hopsOf(jump: string | null, target: HostSettings, around: Surroundings, depth: number): HostConnection[] {
  if (jump === null) return [];
  const hops = jump.split(',').map((text) => parseHop(text.trim()));
  return hops
    .filter(({ address }) => address !== (target.address ?? target.name))
    .flatMap((hop, index) => {
      const own = around.sshConfig.keywordsFor(hop.address);
      const settings: HostSettings = {
        ...hop,
        name: hop.address,
        identity: own['identityfile'] ? null : target.identity,
        knownHostsFiles: own['userknownhostsfile'] ? null : target.knownHostsFiles,
        hostKeyPolicy: own['stricthostkeychecking'] ? null : target.hostKeyPolicy,
        become: 'none',
        ...(index > 0 ? { proxyCommand: 'none' } : {}),
      };
      const resolved = resolve(settings, around, depth + 1);
      return [...resolved.jumps, { ...resolved, jumps: [] }];
    });
}

/** `[user@]host[:port]`, an IPv6 address in brackets, or an ssh:// URI (ssh_config(5) ProxyJump). */
function parseHop(text: string): {
  readonly address: string;
  readonly user: string | null;
  readonly port: number | null;
} {
  const plain = text.replace(/^ssh:\/\//, '');
  const at = plain.lastIndexOf('@');
  const place = plain.slice(at + 1);
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(place);
  return {
    user: at === -1 ? null : plain.slice(0, at),
    address: match?.[1] ?? match?.[2] ?? place,
    port: portOf(match?.[3]) ?? null,
  };
}

function knownHostsFilesOf(settings: HostSettings, keywords: HostKeywords): readonly string[] {
  const own = settings.knownHostsFiles ?? keywords['userknownhostsfile'] ?? DEFAULT_KNOWN_HOSTS;
  const global = keywords['globalknownhostsfile'] ?? ['/etc/ssh/ssh_known_hosts'];
  return [...own, ...global].filter((file) => file !== 'none');
}

function agentOf(keyword: string | undefined, around: Surroundings, path: (text: string) => string): string | null {
  if (keyword === undefined || keyword === 'SSH_AUTH_SOCK') return around.agentSocket;
  return keyword === 'none' ? null : path(keyword);
}

/** `ask` is strict: lvsctl asks nobody. `no` lets anything in, as OpenSSH's does. */
function policyOf(keyword: string | undefined): HostKeyPolicy {
  if (keyword === 'accept-new') return 'accept-new';
  return keyword === 'no' || keyword === 'off' ? 'off' : 'strict';
}

function isYes(keyword: string | undefined): boolean {
  return keyword?.toLowerCase() === 'yes';
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

type Tokens = Readonly<Record<'h' | 'n' | 'p' | 'r' | 'u' | 'd', string>>;

function withTokens(text: string, tokens: Tokens): string {
  return text.replace(/%([hnprud%])/g, (_all, token: keyof Tokens | '%') => (token === '%' ? '%' : tokens[token]));
}

function tilde(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
}
