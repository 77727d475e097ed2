/** Puts the supervisor together on the real system, and keeps systemd informed. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { systemClock } from '../kernel/clock.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { ServiceManager } from '../kernel/notify.ts';
import type { Sysctls } from '../kernel/sysctls.ts';
import { probeOf } from '../probes/probe.ts';
import { listenControl } from './control.ts';
import { Journal } from './journal.ts';
import { scriptRunner } from './script-run.ts';
import { Supervisor } from './supervisor.ts';

export interface AgentPaths {
  /** config.json; what else is kept stands beside it. */
  readonly config: string;
  readonly socket: string;
  readonly vrrpSocket: string;
  readonly handover: string;
}

export interface AgentSystem {
  readonly ipvs: Ipvs;
  readonly firewall: Firewall;
  readonly sysctls: Sysctls;
  readonly manager: ServiceManager;
}

/** @returns stops the agent; the kernel's table stays as it is unless the configuration says otherwise */
export async function runAgent(
  paths: AgentPaths,
  { ipvs, firewall, sysctls, manager }: AgentSystem,
  write: (line: string) => void,
): Promise<() => Promise<void>> {
  const clock = systemClock;
  const journal = new Journal(write, () => clock.wall());
  const supervisor = new Supervisor({
    clock,
    random: Math.random,
    ipvs,
    firewall,
    sysctls,
    journal,
    probeOf,
    runScript: scriptRunner(helperPath()),
    configPath: paths.config,
    stateFolder: dirname(paths.config),
    runtimeFolder: dirname(paths.socket),
    vrrpSocket: paths.vrrpSocket,
    handoverMark: paths.handover,
    release: release(),
  });
  await supervisor.start();
  const control = await listenControl(paths.socket, { supervisor, journal, wall: () => clock.wall() });
  manager.ready();
  const stopWatchdog = feedWatchdog(manager);
  return async () => {
    manager.stopping();
    stopWatchdog();
    await control.close();
    await supervisor.stop();
    ipvs.close();
  };
}

/** From the ordinary loop: when that no longer turns, systemd shall know. */
function feedWatchdog(manager: ServiceManager): () => void {
  if (manager.watchdogIntervalMs === null) return () => {};
  const timer = setInterval(() => manager.watchdog(), manager.watchdogIntervalMs);
  return () => clearInterval(timer);
}

/** Beside the bundle in a release, in dist/native/<arch>/ in a clone. */
function helperPath(): string {
  const here = import.meta.dirname;
  const candidates = [
    resolve(here, 'lvs-run'),
    resolve(here, 'native', process.arch, 'lvs-run'),
    resolve(here, '../../dist/native', process.arch, 'lvs-run'),
  ];
  return candidates.find((path) => existsSync(path)) ?? resolve(here, 'lvs-run');
}

/** A release folder is named after the hash of its content, and has a file that says its version. */
function release(): { hash: string; version: string } {
  const here = realpathSync(import.meta.dirname);
  try {
    return { hash: basename(here), version: readFileSync(resolve(here, 'version'), 'utf8').trim() };
  } catch {
    return { hash: 'development', version: 'development' };
  }
}
