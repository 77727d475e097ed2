/** The mail that tells of some alerts, a digest where there are several. Pure. */
import type { Alert } from '../../status/alert.ts';

export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** Subjects are shown in one line. */
const LONGEST_SUBJECT = 160;

/** @param alerts - one at least, the oldest first */
export function mailText(alerts: readonly Alert[]): MailText {
  const [first, last] = [alerts[0], alerts.at(-1)];
  const { cluster = '', director = '' } = first ?? {};
  const what =
    alerts.length === 1 ? (first?.message ?? '') : `${alerts.length} alerts of ${director}, the last: ${last?.message}`;
  const subject = `[${cluster}] ${what}`;
  return {
    subject: subject.length > LONGEST_SUBJECT ? `${subject.slice(0, LONGEST_SUBJECT - 1)}…` : subject,
    text: `${alerts.map(line).join('\n')}\n\nCluster ${cluster}, director ${director}. What it looks like now: lvsctl status\n`,
  };
}

function line({ at, message }: Alert): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC  ${message}`;
}
