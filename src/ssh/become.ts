/**
 * Becoming root: the command line that runs a program by `become`, and what the output of sudo and doas means when they
 * refuse. The program announces itself by a token on stdout, after whatever a login shell's start-up files print.
 */
import { quote } from '../shell/quote.ts';
import type { HostConnection } from './connection.ts';
import type { Reason } from './failure.ts';

/** Prints the token when it runs, then becomes the program. */
const ANNOUNCE = `printf '%s\\n' "$0"; exec "$@"`;

/** What stands before the program; with a password sudo asks by a prompt that we recognise, on stderr. */
function prefix(host: HostConnection, prompt: string): string {
  switch (host.become) {
    case 'none':
      return '';
    case 'doas':
      return 'doas -n -- ';
    case 'sudo':
      return host.becomePassword === null ? 'sudo -n -- ' : `sudo -S -p ${prompt} -- `;
  }
}

/**
 * A shell that reads its input can announce itself: one program less to start, 10 ms in a small VM. Not behind a sudo that
 * may ask for a password: it would read the announcement as that.
 */
export function shellLine(host: HostConnection): string {
  return `exec ${prefix({ ...host, becomePassword: null }, '')}/bin/sh`;
}

/** The first line of such a shell's input. */
export function announcement(token: string): string {
  return `echo ${readyMark(token)}\n`;
}

/** @param token hexadecimal; visible in `ps`, good for nothing but this announcement. */
export function becomeLine(host: HostConnection, argv: readonly string[], token: string, asRoot: boolean): string {
  const program = `/bin/sh -c ${quote(ANNOUNCE)} ${readyMark(token)} ${argv.map(quote).join(' ')}`;
  return `exec ${asRoot ? prefix(host, promptMark(token)) : ''}${program}`;
}

export function readyMark(token: string): string {
  return `lvs-ready-${token}`;
}

export function promptMark(token: string): string {
  return `lvs-password-${token}`;
}

const SIGNS: readonly (readonly [RegExp, Reason['kind'] & `become-${string}`])[] = [
  [
    /a password is required|no tty present and no askpass|Authentication required|a tty is required/i,
    'become-password',
  ],
  [/incorrect password|sorry, try again|no password was provided|authentication failed/i, 'become-password-refused'],
  [/must have a tty/i, 'become-tty'],
  [/not in the sudoers|not allowed to (execute|run)|may not run sudo|operation not permitted/i, 'become-forbidden'],
  [/(sudo|doas): (command )?not found|not found: (sudo|doas)|unknown command: (sudo|doas)/i, 'become-missing'],
];

/** The refusal in what was said on stderr, or undefined if it is something else. */
export function refusalIn(stderr: string): Reason | undefined {
  const sign = SIGNS.find(([pattern]) => pattern.test(stderr));
  return sign && { kind: sign[1] };
}
