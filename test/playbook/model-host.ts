/**
 * A host as a model: it takes the commands that the real one takes, changes as that would, and prints facts as that does.
 * What the provisioner sends is so tried whole, in any order of topologies, without a machine.
 */
import type { Config } from '../../src/config/config.ts';
import { speechOf } from '../../src/config/speech.ts';
import type { Wanted } from '../../src/desired/wanted.ts';
import { sysctlPath } from '../../src/facts/sysctls.ts';
import type { Command, Word } from '../../src/shell/command.ts';
import type { ScriptResult, Step, StepResult } from '../../src/shell/step.ts';
import type { Connection } from '../../src/ssh/connection.ts';
import type { AgentState, InstanceState } from '../../src/status/state.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

export class ModelHost {
  readonly name: string;
  readonly addresses = new Set<string>();
  readonly rules = new Set<string>();
  readonly files = new Map<string, string>();
  readonly modules = new Set<string>();
  readonly active = new Set<string>();
  readonly enabled = new Set<string>();
  readonly releases = new Set(['bb']);
  sysctls = new Map<string, string>();
  current: string | null = null;
  via: string | null = null;
  isTunnelUp = false;
  state: AgentState | null = null;
  /** Host and step of everything that was done, shared by a cluster. */
  readonly log: string[];
  /** Called after every command: what must never be true. */
  readonly check: (host: ModelHost) => void;
  /** A step of this name fails. */
  failing: string | null = null;
  holds: NonNullable<AgentState['holds']> = [];
  /** Called when systemd has done as it was told. */
  onUnit: (verb: string, unit: string) => void = () => {};
  /** Called when the agent has a configuration. */
  onConfig: (config: Config, self: string) => void = () => {};
  /** What the step of this name prints, for facts that the model has none of. */
  readonly prints = new Map<string, string>();
  /** Who else has the VIPs: the agent is in FAULT because of it, for so long. */
  foreign: { readonly mac: string; readonly forMs: number } | null = null;
  /** The roles that the agent takes when it has a configuration. */
  role: (instance: string) => 'MASTER' | 'BACKUP' = () => 'MASTER';

  constructor(name: string, log: string[] = [], check: (host: ModelHost) => void = () => {}) {
    this.name = name;
    this.log = log;
    this.check = check;
    for (const scope of ['all', 'lo']) {
      this.sysctls.set(`net.ipv4.conf.${scope}.arp_ignore`, '0').set(`net.ipv4.conf.${scope}.arp_announce`, '0');
    }
  }

  connection(): Connection {
    return {
      host: { name: this.name } as Connection['host'],
      runScript: async (steps, options) => this.#run(steps, options?.onStep),
      upload: async (path) => {
        this.log.push(`${this.name}: upload ${path}`);
      },
      open: async () => {
        throw new Error('not modelled');
      },
      close: async () => {},
    };
  }

  #run(steps: readonly Step[], onStep?: (result: StepResult, index: number) => void): ScriptResult {
    const results: StepResult[] = [];
    for (const [index, step] of steps.entries()) {
      const failed = step.name === this.failing && 'commands' in step;
      const stdout = failed ? '' : 'commands' in step ? this.#perform(step) : this.#printed(step.name, step.text);
      const result = {
        name: step.name,
        exitCode: failed ? 1 : 0,
        failedCommand: failed ? 0 : null,
        stdout,
        stderr: failed ? 'no such thing\n' : '',
        truncated: false,
      };
      results.push(result);
      onStep?.(result, index);
      if (failed) return { steps: results, failed: result };
    }
    return { steps: results, failed: null };
  }

  #perform({ name, commands }: { readonly name: string; readonly commands: readonly Command[] }): string {
    this.log.push(`${this.name}: ${name}`);
    let printed = '';
    for (const command of commands) {
      printed += this.#do(command);
      this.check(this);
    }
    return printed;
  }

  #do(command: Command): string {
    if (command.kind === 'write') {
      this.files.set(command.path, text(command.content));
      if (command.path.endsWith('config.json')) this.#pending = text(command.content);
    } else if (command.kind === 'remove') this.files.delete(command.path);
    else if (command.kind === 'link') {
      if (command.path.endsWith('/current')) this.current = command.target.split('/').at(-1) ?? null;
    } else return this.#program(command.argv.map(text), command.stdin === undefined ? '' : text(command.stdin));
    return '';
  }

  get #keyFile(): string {
    return this.files.get('/var/lib/lvs-agent/exchange.key') ?? '';
  }

  #pending = '';

  #program(argv: readonly string[], input: string): string {
    if (argv[0] === 'ip') this.#ip(argv.join(' '));
    else if (argv[0] === 'cp') this.files.set(argv[2] ?? '', this.files.get(argv[1] ?? '') ?? '');
    else if (argv[0] === 'mv') this.releases.add(argv.at(-1)?.split('/').at(-1) ?? '');
    else if (argv[0] === 'modprobe') for (const name of argv.slice(2)) this.modules.add(name);
    else if (argv[0] === 'sysctl') for (const pair of argv.slice(3)) this.sysctls.set(...split(pair));
    else if (argv[0] === 'systemctl') this.#systemctl(argv);
    else if (argv[0]?.endsWith('/stdio')) return this.#told(input);
    return '';
  }

  #ip(line: string): void {
    const [, action = '', what = ''] = /^ip (\S+ \S+) (.*)$/.exec(line) ?? [];
    const actions: Readonly<Record<string, () => unknown>> = {
      'addr add': () => this.addresses.add(what.replace(' scope host', '')),
      'addr del': () => this.addresses.delete(what),
      'rule add': () => this.rules.add(what),
      'rule del': () => this.rules.delete(what),
      'route replace': () => (this.via = what.split(' ')[2] ?? null),
      'route flush': () => (this.via = null),
      'link set': () => (this.isTunnelUp = what === 'tunl0 up'),
    };
    actions[action]?.();
  }

  #systemctl(argv: readonly string[]): void {
    const unit = argv.at(-1) ?? '';
    if (argv[1] === 'enable') this.enabled.add(unit);
    if (argv[1] === 'disable') {
      this.enabled.delete(unit);
      this.active.delete(unit);
    }
    if (argv[1] === 'start' || argv[1] === 'restart') this.active.add(unit);
    if (unit === 'lvs-agent.service' && this.active.has(unit)) {
      this.active.add('lvs-vrrp.service');
      this.#configure(this.#pending);
    }
    if (unit === 'lvs-agent.service' && !this.active.has(unit)) this.state = null;
    this.onUnit(argv[1] ?? '', unit);
  }

  #told(request: string): string {
    const [head = '', body = ''] = request.split('\r\n\r\n');
    if (head.startsWith('PUT')) {
      const { generation } = JSON.parse(body);
      const before = this.state?.config.generation ?? 0;
      if (generation < before) return `HTTP/1.1 409 Conflict\r\n\r\n{"error":"${generation} is older than ${before}"}`;
      this.#configure(body);
    } else this.#posted(head.split(' ')[1] ?? '', JSON.parse(body));
    return 'HTTP/1.1 200 OK\r\n\r\n{}';
  }

  #posted(path: string, { instance, owner, reason }: { instance: string; owner: string; reason: string }): void {
    if (path === '/v1/yield') this.onYield(instance);
    if (path === '/v1/hold') this.holds.push({ instance, owner, reason, since: 1, until: 600_001 });
    if (path === '/v1/release') this.holds = this.holds.filter((one) => one.owner !== owner);
    this.log.push(`${this.name}: ${path} ${instance ?? owner}`);
    if (this.state !== null) this.state = { ...this.state, holds: this.holds };
  }

  onYield: (instance: string) => void = () => {};

  #configure(text: string): void {
    const { generation, hash, config, self } = JSON.parse(text);
    const instances = (config as Config).instances.flatMap((instance) => {
      const { name, vrid, version, vips, speakers } = instance;
      const speaker = speakers.find(({ director }) => director === self);
      if (speaker === undefined) return [];
      const addresses = vips.map(({ address }) => address);
      const router = { name, vrid, version, interface: speaker.interface, vips: addresses, speech: speechOf(instance) };
      return [instanceState({ ...router, state: this.role(name), master: '192.0.2.1', ...this.#fault(router) })];
    });
    this.holds = [...this.holds, ...JSON.parse(this.files.get('/var/lib/lvs-agent/holds.json') ?? '[]')];
    this.files.delete('/var/lib/lvs-agent/holds.json');
    this.state = agentState({
      director: self,
      holds: this.holds,
      release: this.current ?? '',
      config: { hash, generation, error: null },
      vrrp: { ...agentState().vrrp, instances },
    });
    this.onConfig(config, self);
  }

  #fault(router: { readonly interface: string; readonly vips: readonly string[] }): Partial<InstanceState> {
    if (this.foreign === null) return {};
    const { mac, forMs } = this.foreign;
    const owners = router.vips.map((address) => ({ address, interface: router.interface, mac }));
    return { state: 'FAULT', cause: `${router.vips[0]} is in use by ${mac}`, since: agentState().at - forMs, owners };
  }

  #printed(name: string, script: string): string {
    const printers: Readonly<Record<string, () => string>> = {
      system: () => 'kernel 6.1\narch x64\nsystemd\nlibstdcxx\nglibc 2.36\n',
      modules: () =>
        wordsIn(script, /for m in (.*); do/)
          .map((one) => `${one} ${this.modules.has(one) ? 'loaded' : 'available'}\n`)
          .join(''),
      texts: () =>
        [
          ...[...this.sysctls].map(([key, value]) => [sysctlPath(key), `${value}\n`]),
          ...this.files,
          ['/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nlvs-script:x:999:999::/nonexistent:/usr/sbin/nologin\n'],
        ]
          .map(([path, content]) => `==> ${path} <==\n${content}`)
          .join('\n'),
      network: () => this.#network(),
      units: () =>
        [
          ...[...this.active].map((unit) => `active ${unit}\n`),
          ...[...this.enabled].map((unit) => `enabled ${unit}\n`),
        ].join(''),
      'exchange key': () => this.#keyFile,
      agent: () =>
        [...this.releases].map((one) => `release ${one} 22 b0\n`).join('') +
        (this.current ? `current ${this.current}\ncommand\n` : '') +
        (this.#keyFile === '' ? '' : `key ${this.#keyFile.split('\n')[0]}\n`) +
        (this.state ? `answer\nHTTP/1.1 200 OK\r\n\r\n${JSON.stringify(this.state)}` : ''),
    };
    return printers[name]?.() ?? this.prints.get(name) ?? '';
  }

  #network(): string {
    const addresses = [...this.addresses].map((one) =>
      one.replace(/(\S+) dev (\S+)/, '1: $2    inet $1 scope host $2'),
    );
    const rules = [...this.rules].map((one) => one.replace(/(.*) priority (\d+)/, '$2:\t$1'));
    return [
      ...(this.isTunnelUp ? ['up tunl0'] : []),
      ...addresses,
      ...rules,
      ...(this.via ? [`default via ${this.via} dev eth2`] : []),
    ]
      .map((one) => `${one}\n`)
      .join('');
  }
}

/** What a model must have for its preconditions not to matter: nothing here is about them. */
export function targetOf(host: ModelHost, wanted: Wanted) {
  return { wanted, connection: host.connection().host };
}

function text(word: Word): string {
  return typeof word === 'string' ? word : word.secret;
}

function split(pair: string): [string, string] {
  const cut = pair.indexOf('=');
  return [pair.slice(0, cut), pair.slice(cut + 1)];
}

function wordsIn(script: string, pattern: RegExp): string[] {
  return (pattern.exec(script)?.[1] ?? '').split(' ').map((word) => word.replaceAll("'", ''));
}
