/** Traffic from the client's place: starts the load generator there and gives its report. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';
import { LabError } from './lab-error.ts';
import { CLIENT_SOURCES, CLIENT_SOURCES6 } from './layout.ts';
import type { HeldPlan, HeldReport } from './load/held.ts';
import type { RequestsPlan, RequestsReport } from './load/requests.ts';
import type { VisitGroup, VisitsReport } from './load/visits.ts';
import { insideClient } from './namespace.ts';

const PROGRAM = fileURLToPath(new URL('./load/main.ts', import.meta.url));

const MOST_FAILURES = 1_000;

export interface Traffic<Report> {
  /** The newest figures: a few a second. Nothing before the first. */
  latest(): Report | undefined;
  /** When requests began that failed, and why, in the order of their ends; of very many the first only. */
  readonly failures: readonly { readonly startedMs: number; readonly cause: string }[];
  /** Resolves when the figures satisfy `wanted`. @throws LabError when they do not in time, or the traffic has ended. */
  until(wanted: (figures: Report) => boolean, timeoutMs: number): Promise<Report>;
  /** Ends it before its plan does, and gives the report. */
  stop(): Promise<Report>;
  /** The report, when the plan is done. */
  readonly report: Promise<Report>;
}

interface Source {
  readonly from?: string;
  /** These and no others, again and again: what a proxy does, and what a drain must bear. */
  readonly ports?: { readonly first: number; readonly count: number };
  /**
   * An address of the client's from which nothing has come for long. A client otherwise uses its ports again after seconds,
   * and a realserver or director may take the new connection for an old one, which the kernels remember for two minutes: a
   * fault of the load, not of what is measured.
   */
  readonly freshSource?: boolean;
}

/** `http://10.77.1.100/`, with the plan's defaults: every 10 ms, 250 ms each, for an hour at most. */
export function startRequests(
  lab: Lab,
  url: string,
  plan: Partial<Omit<RequestsPlan, 'target'>> & Source = {},
): Traffic<RequestsReport> {
  const { target, rest } = split(lab, url, plan);
  return startLoad<RequestsReport>(lab, {
    kind: 'requests',
    target,
    intervalMs: 10,
    timeoutMs: 250,
    count: 1_000_000_000,
    durationMs: 3_600_000,
    ...rest,
  });
}

/** Ten keep-alive connections that ask once a second and no downloads, unless the plan says otherwise. */
export function startHeld(
  lab: Lab,
  url: string,
  plan: Partial<Omit<HeldPlan, 'target'>> & Source = {},
): Traffic<HeldReport> {
  const { target, rest } = split(lab, url, plan);
  return startLoad<HeldReport>(lab, {
    kind: 'held',
    target,
    connections: 10,
    everyMs: 1000,
    downloads: 0,
    downloadPath: '/slow',
    spacingMs: 20,
    patienceMs: 5000,
    durationMs: 3_600_000,
    ...rest,
  });
}

/** One after another in each group, the groups at the same time. */
export function startVisits(lab: Lab, groups: readonly VisitGroup[], timeoutMs = 5_000): Traffic<VisitsReport> {
  return startLoad<VisitsReport>(lab, { kind: 'visits', groups, timeoutMs, durationMs: 600_000 });
}

function split<Plan extends Source>(lab: Lab, url: string, plan: Plan) {
  const { from, freshSource = false, ports, ...rest } = plan;
  const sources = url.includes('[') ? CLIENT_SOURCES6 : CLIENT_SOURCES;
  return { target: targetOf(url, from ?? (freshSource ? nextSource(lab, sources) : undefined), ports), rest };
}

/** In turn, and on across programs: the lab keeps count. */
function nextSource({ place: { sources: path } }: Lab, sources: readonly string[]): string | undefined {
  const used = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  writeFileSync(path, String(used + 1));
  return sources[used % sources.length];
}

function targetOf(url: string, from: string | undefined, ports: Source['ports']): RequestsPlan['target'] {
  const { protocol, hostname, port, pathname } = new URL(url);
  const tls = protocol === 'https:';
  return {
    address: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (tls ? 443 : 80),
    tls,
    path: pathname,
    ...(from === undefined ? {} : { from }),
    ...(ports === undefined ? {} : { ports }),
  };
}

/** The program ends with its stdin, so it never outlives this process. */
function startLoad<Report extends object>(lab: Lab, plan: object): Traffic<Report> {
  // A busy machine must not make the measuring stick late; only root may ask for that.
  const first = process.getuid?.() === 0 ? ['nice', '-n', '-10'] : [];
  const [file = '', ...args] = [
    ...first,
    ...insideClient(lab.namespace),
    ...[process.execPath, PROGRAM, JSON.stringify(plan)],
  ];
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let latest: Report | undefined;
  const failures: { startedMs: number; cause: string }[] = [];
  let ended = false;
  const watchers = new Set<() => void>();
  const { promise: report, resolve, reject } = Promise.withResolvers<Report>();
  report.catch(() => {});
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    words += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { kind, ...figures } = JSON.parse(line);
    if (kind === 'failure' && failures.length < MOST_FAILURES) failures.push(figures);
    if (kind !== 'tick' && kind !== 'report') return;
    latest = figures;
    if (kind === 'report') resolve(figures);
    for (const watcher of watchers) watcher();
  });
  child.stdin.on('error', () => {});
  child.on('close', (code) => {
    ended = true;
    reject(new LabError(`the load generator ended without a report (${code}): ${words.trim()}`));
    for (const watcher of watchers) watcher();
  });
  return {
    latest: () => latest,
    failures,
    report,
    stop: () => {
      child.stdin.end();
      return report;
    },
    until: (wanted, timeoutMs) =>
      new Promise((satisfied, failed) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          act();
        };
        const look = () => {
          const figures = latest;
          if (figures !== undefined && wanted(figures)) settle(() => satisfied(figures));
          else if (ended) settle(() => failed(new LabError('the traffic ended before what was waited for')));
        };
        const late = () => settle(() => failed(new LabError(`not seen in the traffic within ${timeoutMs} ms`)));
        const timer = setTimeout(late, timeoutMs);
        watchers.add(look);
        look();
      }),
  };
}
