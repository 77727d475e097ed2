/** The VRRP process put together: loop, link to the supervisor, configuration file, signals. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { WAIT_FOR_PEERS_MS } from '../../config/exchange.ts';
import type { ServiceManager } from '../../kernel/notify.ts';
import type { FromVrrp, ToVrrp } from '../../vrrp/link.ts';
import { readJson } from '../json-file.ts';
import { LinkServer } from './link-server.ts';
import { type Machinery, VrrpLoop } from './loop.ts';
import { RecordingSwitch } from './recording-switch.ts';

export interface Paths {
  /** `{generation, hash, self, config}`, written by the supervisor. */
  readonly config: string;
  readonly socket: string;
  /** There when systemd stops us, not when it restarts us. */
  readonly handover: string;
  /** Whether a recording starts with the process. */
  readonly record?: boolean;
}

interface AgentConfigFile {
  readonly self: string;
  readonly config: Config;
}

const REPORT_MS = 1_000;

/** @returns stops: called with whether the roles are given away; resolves when they are, and all is closed. */
export function serve(
  paths: Paths,
  machinery: Machinery,
  manager: ServiceManager,
): (release: boolean) => Promise<void> {
  const { clock, log } = machinery;
  const loop = new VrrpLoop(machinery, (news) => {
    const isHeard = link.tell(news);
    if (news.type !== 'relay') link.tell(loop.report());
    return isHeard;
  });
  const link = new LinkServer(
    paths.socket,
    {
      onMessage: (message, answer) => answerTo(message, answer, () => configure(loop, paths, machinery)),
      greeting: () => loop.report(),
    },
    log,
  );
  const answerTo = (message: ToVrrp, answer: (message: FromVrrp) => void, again: () => string | null): void => {
    if (message.type === 'config') answer({ type: 'configured', error: again() });
    else if (message.type !== 'record') loop.take(message);
    else if (message.on) answer(recording.start());
    else void recording.end('asked').then(answer);
  };
  const recording = new RecordingSwitch(loop, () => {
    return { folder: join(dirname(paths.config), 'recordings'), log, wallMs: clock.wall() };
  });
  if (paths.record) recording.start();
  awaitSupervisor(loop, paths, machinery);
  configure(loop, paths, machinery);
  let cancel = (): void => undefined;
  const beat = (): void => {
    link.tell(loop.report());
    manager.watchdog();
    cancel = clock.setTimer(clock.now() + REPORT_MS, beat);
  };
  beat();
  manager.ready();
  return async (release) => {
    manager.stopping();
    await loop.stop(release); // it goes on reporting, and feeding the watchdog, while it waits for successors
    cancel();
    await recording.end('stopped');
    link.close();
  };
}

/** Whether this stop is for good: the unit's ExecStop leaves a mark. */
export function isHandover({ handover }: Paths): boolean {
  return existsSync(handover);
}

/**
 * A director of several may have been away while the others were given another configuration: it adopts what it holds already,
 * and takes nothing more before its supervisor has told who is held, two seconds at most.
 */
function awaitSupervisor(loop: VrrpLoop, { config }: Paths, { clock }: Machinery): void {
  if (!existsSync(join(dirname(config), 'exchange.key'))) return;
  const untilMs = clock.now() + WAIT_FOR_PEERS_MS;
  const reason = 'word from the supervisor about the other directors';
  loop.take({ type: 'holds', holds: [{ instance: null, reason, untilMs, endsAlone: false }] });
}

/** @returns why the old configuration stays in force, or null. A file that is not there yet is no error: one will be sent. */
function configure(loop: VrrpLoop, paths: Paths, { log }: Machinery): string | null {
  try {
    const file = readJson(paths.config);
    if (file === undefined) {
      log('info', 'no configuration yet', { path: paths.config });
      return null;
    }
    const { self, config } = file as AgentConfigFile;
    loop.configure(config, self);
    return null;
  } catch (error) {
    const { message } = error as Error;
    log('error', 'configuration refused', { path: paths.config, error: message });
    return message;
  }
}
