/**
 * Connections that are held: keep-alive connections that ask now and then, and downloads that last. What a failover
 * must not cut; the idle ones are those that it cuts first.
 */
import { Download, type DownloadPlan } from './download.ts';
import type { Grip, HeldConnection } from './grip.ts';
import { KeepAlive, type KeepAlivePlan } from './keep-alive.ts';
import { nowMs } from './now.ts';
import { pause } from './pause.ts';

/** The target's path is what the keep-alive connections ask for. */
export interface HeldPlan extends KeepAlivePlan, DownloadPlan {
  readonly connections: number;
  readonly downloads: number;
  /** Between the openings of two connections. */
  readonly spacingMs: number;
  readonly durationMs: number;
}

export interface HeldReport {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly held: readonly HeldConnection[];
  readonly cutConnections: number;
  readonly cutDownloads: number;
}

/** Runs until the plan or `stop` ends it, then makes every connection prove that it works; `told` gets each cut at once. */
export async function runHeld(plan: HeldPlan, stop: AbortSignal, told: (line: object) => void): Promise<HeldReport> {
  const startedMs = nowMs();
  const grips: Grip[] = [];
  const cut = (held: HeldConnection) => told({ kind: 'cut', held });
  const makers = [
    ...Array.from({ length: plan.connections }, () => () => new KeepAlive(plan, cut)),
    ...Array.from({ length: plan.downloads }, () => () => new Download(plan, cut)),
  ];
  const ticker = setInterval(() => told({ kind: 'tick', ...summary(startedMs, grips) }), 500);
  for (const make of makers) {
    if (stop.aborted) break;
    grips.push(make());
    await pause(plan.spacingMs, stop);
  }
  told({ kind: 'open', connections: plan.connections, downloads: plan.downloads });
  await pause(plan.durationMs - (nowMs() - startedMs), stop);
  clearInterval(ticker);
  await Promise.all(grips.map((grip) => grip.prove()));
  const report = summary(startedMs, grips);
  for (const grip of grips) grip.drop();
  return report;
}

function summary(startedMs: number, grips: readonly Grip[]): HeldReport {
  const held = grips.map((grip) => grip.now());
  const cuts = (kind: HeldConnection['kind']) =>
    held.filter((one) => one.kind === kind && one.cut !== undefined).length;
  return { startedMs, endedMs: nowMs(), held, cutConnections: cuts('connection'), cutDownloads: cuts('download') };
}
