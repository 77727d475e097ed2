/** Puts the supervisor together on the real system, and keeps systemd informed. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemClock } from '../kernel/clock.ts';
import type { Datagrams } from '../kernel/datagrams.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { ServiceManager } from '../kernel/notify.ts';
import type { PeerSockets } from '../kernel/peer-sockets.ts';
import type { Streams } from '../kernel/streams.ts';
import type { Sysctls } from '../kernel/sysctls.ts';
import { probeMaker } from '../probes/probe.ts';
import { listenControl } from './control.ts';
import { Journal } from './journal.ts';
import { ownRelease } from './own-release.ts';
import { programRunner, scriptRunner } from './script-run.ts';
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
  readonly datagrams: Datagrams;
  readonly peerSockets: PeerSockets;
  readonly streams: Streams;
}

/** @returns stops the agent; the kernel's table stays as it is unless the configuration says otherwise */
export async function runAgent(
  paths: AgentPaths,
  { ipvs, firewall, sysctls, manager, datagrams, peerSockets, streams }: AgentSystem,
  write: (line: string) => void,
): Promise<() => Promise<void>> {
  const clock = systemClock;
  const journal = new Journal(write, () => clock.wall());
  const runProgram = programRunner(helperPath());
  const supervisor = new Supervisor({
    clock,
    random: Math.random,
    ipvs,
    firewall,
    datagrams,
    sysctls,
    journal,
    probeOf: probeMaker({ sockets: peerSockets, streams, runScript: runProgram }),
    runScript: scriptRunner(helperPath()),
    runProgram,
    configPath: paths.config,
    stateFolder: dirname(paths.config),
    runtimeFolder: dirname(paths.socket),
    vrrpSocket: paths.vrrpSocket,
    handoverMark: paths.handover,
    release: ownRelease(import.meta.dirname),
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
