/** The variables of Ansible that say how a host is reached, by all their names, checked where they stand. */
import type { Finding } from '../config/problem.ts';
import { type Raw, wrong } from '../config/raw.ts';
import { oneOf, scalar } from '../config/shape/scalars.ts';
import type { Shape } from '../config/shape/shape.ts';
import { parseSshArguments } from './ssh-arguments.ts';

const line: Shape<string> = scalar<string>('text', { type: 'string' }, ({ value }) => {
  if (typeof value !== 'string') return undefined;
  return value.includes('{{') ? { because: 'holds a template, which is not evaluated here' } : value;
});

const sshArguments: Shape<string> = {
  ...line,
  parse(raw, findings) {
    const value = line.parse(raw, findings);
    if (value === undefined) return undefined;
    for (const problem of parseSshArguments(value).problems) findings.push(wrong(raw, problem, 'arguments of ssh'));
    return value;
  },
};

/** Quoted numbers are common in inventories, and Ansible takes them. */
const portNumber: Shape<number> = scalar<number>(
  'a port from 1 to 65535',
  { type: ['integer', 'string'] },
  ({ source }) => {
    const port = /^\d{1,5}$/.test(source) ? Number(source) : 0;
    return port > 0 && port < 65536 ? port : undefined;
  },
);

/** yes and no are YAML 1.1, which Ansible reads. */
const truth: Shape<boolean> = scalar<boolean>('true or false', { type: 'boolean' }, ({ value }) => {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (['yes', 'true', 'on'].includes(word)) return true;
  return ['no', 'false', 'off'].includes(word) ? false : undefined;
});

/** Names of one meaning, the one that wins first. */
export const NAMES = {
  host: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  identity: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  arguments: ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'],
  hostKeyChecking: ['ansible_host_key_checking', 'ansible_ssh_host_key_checking'],
  become: ['ansible_become'],
  becomeMethod: ['ansible_become_method'],
  becomeUser: ['ansible_become_user'],
  becomePassword: ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'],
  connection: ['ansible_connection'],
} as const;

const SHAPES: Readonly<Record<keyof typeof NAMES, Shape<unknown>>> = {
  host: line,
  port: portNumber,
  user: line,
  password: line,
  identity: line,
  arguments: sshArguments,
  hostKeyChecking: truth,
  become: truth,
  becomeMethod: oneOf('sudo', 'doas'),
  becomeUser: oneOf('root'),
  becomePassword: line,
  connection: oneOf('ssh', 'smart', 'paramiko', 'paramiko_ssh'),
};

const SHAPE_OF = new Map(
  Object.entries(NAMES).flatMap(([meaning, names]) =>
    names.map((one): [string, Shape<unknown>] => [one, SHAPES[meaning as keyof typeof NAMES]]),
  ),
);

/** Findings about a variable if it says how a host is reached; other variables may be anything. */
export function checkVariable(name: string, raw: Raw, findings: Finding[]): void {
  SHAPE_OF.get(name)?.parse(raw, findings);
}

export function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && ['yes', 'true', 'on'].includes(value.toLowerCase()));
}
