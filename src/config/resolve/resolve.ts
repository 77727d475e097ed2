/** Raw topology → Config: references followed, defaults that depend on other keys filled in. */
import type { AlertsConfig, Config, DirectorConfig, RealserverConfig, SshConfig } from '../config.ts';
import type { TrackScriptConfig } from '../instance.ts';
import { pathFrom } from '../path.ts';
import type { RawTopology } from '../schema/topology.ts';
import type { Resolving } from './context.ts';
import { instancesOf, syncGroupsOf } from './instance.ts';
import { ipvsOf, syncOf } from './kernel.ts';
import { secretOf } from './secret.ts';
import { servicesOf } from './service.ts';

/** Always a Config; it is worth something only when nothing was reported. */
export function resolve(context: Resolving): Config {
  const { top, base } = context;
  return {
    cluster: top.cluster,
    ssh: sshOf(top.ssh, base),
    inventory: top.inventory === undefined ? null : pathFrom(base, top.inventory),
    firewall: top.firewall,
    directors: directorsOf(context),
    realservers: realserversOf(context),
    scripts: scriptsOf(top),
    instances: instancesOf(context),
    syncGroups: syncGroupsOf(context),
    sync: syncOf(top),
    ipvs: ipvsOf(top),
    alerts: alertsOf(top, base),
    dns: Object.fromEntries(top.dns),
    services: servicesOf(context),
  };
}

function sshOf(raw: RawTopology['ssh'], base: string): SshConfig {
  if (raw === undefined) return {};
  const identity = raw.identity === undefined ? undefined : pathFrom(base, raw.identity);
  return Object.fromEntries(Object.entries({ ...raw, identity }).filter(([, value]) => value !== undefined));
}

function directorsOf({ top, base }: Resolving): DirectorConfig[] {
  return top.directors.map(([name, raw]) => ({
    name,
    dips: raw.dip.flatMap(([on, addresses]) => addresses.map((address) => ({ interface: on, address }))),
    vips: raw.vips,
    ssh: sshOf(raw.ssh, base),
    sysctl: Object.fromEntries(raw.sysctl),
  }));
}

function realserversOf({ top, base }: Resolving): RealserverConfig[] {
  return top.realservers.map(([name, raw]) => ({
    name,
    rips: raw.rip,
    weight: raw.weight,
    gateway: raw.gateway ?? null,
    groups: top.groups.filter(([, members]) => members.includes(name)).map(([group]) => group),
    ssh: sshOf(raw.ssh, base),
    sysctl: Object.fromEntries(raw.sysctl),
  }));
}

function scriptsOf(top: RawTopology): TrackScriptConfig[] {
  return top.scripts.map(([name, raw]) => ({
    name,
    run: raw.run,
    intervalMs: raw.interval,
    timeoutMs: raw.timeout ?? raw.interval,
    weight: raw.weight,
    reverse: raw.reverse,
    rise: raw.rise,
    fall: raw.fall,
    user: raw.user,
    start: raw.start,
  }));
}

const MAIL_PORTS = { required: 465, starttls: 587, none: 25 } as const;

function alertsOf(top: RawTopology, base: string): AlertsConfig {
  const { smtp, webhook } = top.alerts;
  return {
    smtp:
      smtp === undefined
        ? null
        : {
            server: smtp.server.host,
            port: smtp.server.port ?? MAIL_PORTS[smtp.tls],
            from: smtp.from,
            to: smtp.to,
            helo: smtp.helo ?? null,
            tls: smtp.tls,
            user: smtp.user ?? null,
            password: smtp.password === undefined ? null : secretOf(smtp.password, base),
            timeoutMs: smtp.timeout,
          },
    webhook:
      webhook === undefined
        ? null
        : {
            url: webhook.url,
            headers: Object.fromEntries(webhook.headers.map(([name, value]) => [name, secretOf(value, base)])),
          },
  };
}
