/** Starts and ends recordings of the loop, one at a time, as the command line or the supervisor asks. */
import type { FromVrrp } from '../../vrrp/link.ts';
import type { VrrpLoop } from './loop.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';

type Answer = Extract<FromVrrp, { type: 'recording' }>;

export class RecordingSwitch {
  readonly #options: () => RecorderOptions;
  readonly #loop: VrrpLoop;
  #recorder: Recorder | undefined;

  constructor(loop: VrrpLoop, options: () => RecorderOptions) {
    this.#loop = loop;
    this.#options = options;
  }

  start(): Answer {
    const running = this.#recorder;
    if (running?.isEnded === false) return answer(running, 'a recording runs already');
    try {
      const begin = (...now: Parameters<Parameters<VrrpLoop['witness']>[0]>): Recorder =>
        new Recorder(this.#options(), ...now);
      this.#recorder = this.#loop.witness(begin);
      this.#options().log('notice', 'recording', { path: this.#recorder.path });
      return answer(this.#recorder, null);
    } catch (error) {
      const { message } = error as Error;
      this.#options().log('warning', 'no recording', { error: message });
      return answer(undefined, message);
    }
  }

  /** @param reason `stopped` when the process ends */
  async end(reason: 'asked' | 'stopped'): Promise<Answer> {
    const recorder = this.#recorder;
    if (recorder === undefined) return answer(undefined, 'nothing is recorded');
    this.#recorder = undefined;
    await this.#loop.dismiss((router, nowMs) => recorder.end(reason, nowMs, router));
    return answer(recorder, null);
  }
}

function answer(recorder: Recorder | undefined, error: string | null): Answer {
  return { type: 'recording', path: recorder?.path ?? null, bytes: recorder?.bytes ?? 0, error };
}
