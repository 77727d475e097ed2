/** The words for what went wrong with a host: one sentence with host and cause, then the next steps. */
import { causeIn, remedyFor } from '../shell/cause.ts';
import type { FailureFacts, Reason } from './failure.ts';

/** `lb1 (10.0.0.11:22): connection refused`. */
export function sentenceFor(facts: FailureFacts): string {
  return `${facts.host} (${facts.target}): ${causeOf(facts)}`;
}

const PHASE_WORDS = {
  resolve: 'its settings cannot be used',
  connect: 'cannot be reached',
  hostkey: 'its host key cannot be checked',
  auth: 'the login failed',
  become: 'becoming root failed',
  channel: 'no channel could be opened on the connection',
  command: 'the script failed',
  lost: 'the connection was lost',
} as const;

const WAITED_FOR = {
  resolve: 'its settings',
  connect: 'the login',
  hostkey: 'its host key',
  auth: 'the login',
  become: 'the root shell (does sudo hang?)',
  channel: 'a channel',
  command: 'the script to end',
  lost: 'an answer',
} as const;

type Words = { readonly [K in Reason['kind']]: (reason: Extract<Reason, { kind: K }>, facts: FailureFacts) => string };

const WORDS: Words = {
  other: (_reason, { phase, cause }) =>
    cause instanceof Error ? `${PHASE_WORDS[phase]}: ${causeIn(cause.message)}` : PHASE_WORDS[phase],
  timeout: ({ afterMs }, { phase }) => `no answer within ${afterMs / 1000} s while waiting for ${WAITED_FOR[phase]}`,
  aborted: () => 'interrupted',
  refused: () => 'connection refused: nothing listens on this port',
  'no-route': () => 'no route to it',
  'unknown-name': () => 'its name cannot be resolved',
  'not-ssh': (_reason, { cause }) =>
    `what answers there does not speak SSH as it should${cause instanceof Error ? ` (${causeIn(cause.message)})` : ''}`,
  closed: (_reason, { phase }) =>
    phase === 'connect' ? 'the connection was closed before the login was over' : 'the connection was lost',
  'no-way': ({ through }) => `the jump host ${through} cannot reach it`,
  // What it says names its target; a command that says nothing is named itself.
  proxy: ({ command, stderr }) =>
    stderr
      ? `its ProxyCommand finds no way: ${withoutSocat(causeIn(stderr))}`
      : `its ProxyCommand ended without a connection (${command})`,
  algorithms: (_reason, { cause }) =>
    `no common SSH algorithm${cause instanceof Error ? `: ${causeIn(cause.message)}` : ''}`,
  'hostkey-unknown': ({ type, fingerprint, lookup, files }) =>
    `its host key is not known: ${type} ${fingerprint}, and no ${lookup} in ${files.join(', ') || 'any known_hosts file'}`,
  'hostkey-changed': ({ type, fingerprint, places }) =>
    `its host key has changed: it shows ${type} ${fingerprint}, but another one stands in ${places.join(', ')}`,
  'hostkey-revoked': ({ fingerprint, place }) => `its host key ${fingerprint} is revoked in ${place}`,
  'auth-refused': ({ user, tried }) =>
    tried.length === 0
      ? `there is nothing to log in with as ${user}: no usable key file, no agent, no password`
      : `the login as ${user} was refused (tried ${tried.join(', ')})`,
  'key-unusable': ({ file, why }) => `the key file ${file} ${why}`,
  'become-password': (_reason, { become }) => `${become} asks for a password`,
  'become-password-refused': (_reason, { become }) => `${become} refused the password`,
  'become-forbidden': (_reason, { become }) => `the user may not become root by ${become}`,
  'become-tty': (_reason, { become }) => `${become} wants a terminal (requiretty)`,
  'become-missing': (_reason, { become }) => `${become} is not installed`,
  'shell-ended': ({ step, exitCode, stderr }) => {
    const how = exitCode === null ? 'was killed' : `ended with ${exitCode}`;
    const during = step === null ? '' : ` during "${step}"`;
    return `the program on the host ${how}${during}${stderr ? `: ${causeIn(stderr)}` : ''}`;
  },
  upload: ({ path, stderr }, { cause }) => {
    const why = stderr || (cause instanceof Error ? cause.message : '');
    return `${path} could not be uploaded${why ? `: ${causeIn(why)}` : ''}`;
  },
  settings: ({ why }) => why,
  file: ({ file, why }) => `${file}: ${why}`,
};

const TIMEOUT_HINTS: Partial<Record<FailureFacts['phase'], string>> = {
  become: 'Try sudo there by hand: it may wait for a name server or a directory service.',
  channel: 'See there what keeps it busy, and apply again.',
  command: 'See there what hangs (ps, dmesg), and apply again.',
};

function causeOf(facts: FailureFacts): string {
  const { reason } = facts;
  const words = WORDS[reason.kind] as (reason: Reason, facts: FailureFacts) => string;
  return words(reason, facts);
}

/** Next steps, one sentence each. */
export function hintsFor({ host, phase, reason, become }: FailureFacts): readonly string[] {
  switch (reason.kind) {
    case 'hostkey-unknown':
      return [
        `Log in once by ssh and compare the fingerprint; or trust first contact: StrictHostKeyChecking accept-new in ssh_config.`,
      ];
    case 'hostkey-changed':
      return [
        'If the host was set up anew, remove the old key; if not, somebody may stand between you and it.',
        `ssh-keygen -R ${shellWord(reason.lookup)} -f ${shellWord(reason.places[0]?.replace(/:\d+$/, '') ?? '')}`,
      ];
    case 'auth-refused':
      return [`Add your key to ${reason.user}'s authorized_keys on ${host}, or name another key (ssh.identity).`];
    case 'key-unusable':
      return reason.why.includes('passphrase') ? [`Load it into the agent: ssh-add ${shellWord(reason.file)}`] : [];
    case 'become-password':
      return [
        become === 'doas'
          ? 'Permit it without a password in doas.conf (nopass).'
          : 'Permit it without a password (NOPASSWD in sudoers), or give ansible_become_password in the inventory.',
      ];
    case 'become-tty':
      return ['Remove "Defaults requiretty" from its sudoers.'];
    case 'refused':
    case 'no-route':
    case 'unknown-name':
    case 'not-ssh':
      return ['Check its address and port, and that sshd runs there.'];
    case 'timeout':
      return [
        TIMEOUT_HINTS[phase] ?? 'Check that it is up and can be reached from here, its address, and its firewall.',
      ];
    case 'proxy':
      return ['Check that it is up and can be reached from here, its address, and its firewall.'];
    case 'closed':
      return ['Check the network, and that the host is still up.'];
    case 'no-way':
      return [`Check its address, and that ${reason.through} may forward to it.`];
    case 'become-password-refused':
      return ['Correct ansible_become_password in the inventory.'];
    case 'become-forbidden':
    case 'become-missing':
      return [`Let the user become root there, or log in as root (ansible_user: root).`];
    case 'upload':
      return [remedyFor(causeIn(reason.stderr)) ?? []].flat();
    default:
      return [];
  }
}

/** socat(1) puts the time, its process and its system call in front of the cause. */
function withoutSocat(line: string): string {
  return line.replace(/^[\d/]+ [\d:.]+ socat\[\d+\] \w (?:\w+\([^)]*\): |connecting to AF=\d+ \S+: )?/, '');
}

/** For a line that a person may paste; brackets are patterns in a shell. */
function shellWord(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
