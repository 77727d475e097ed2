/**
 * Clusters on hosts that someone else has closed: strict reverse-path filters, interfaces of systemd-networkd, and firewalls
 * that drop what LVS needs. lvsctl says what to open and does nothing; with exactly that opened, all works.
 */
import { expect, it } from 'vitest';
import { script } from '../../vm-lab/exec.ts';
import { isMachine } from '../../vm-lab/layout.ts';
import { apply, ask, holders, lvsctl, type Ran, topology } from './cluster.ts';
import { labForTests } from './lab-for-tests.ts';

const lab = labForTests({ profile: 'hostile' });

/** Host → the commands that its message gives. */
function commandsIn({ stderr }: Ran): Map<string, string[]> {
  const messages = stderr.split(/\n(?! )/).map((message) => message.split('\n').map((line) => line.trim()));
  return new Map(
    messages.flatMap(([sentence = '', ...commands]) => {
      const host = /^error: (\w+): its firewall .*\.$/.exec(sentence)?.[1];
      return host === undefined ? [] : [[host, commands.filter((line) => line !== '')]];
    }),
  );
}

/** What a person does who reads the message: on each host what is said of it, and nothing else. */
async function open(commands: Map<string, string[]>): Promise<void> {
  for (const [host, lines] of commands) if (isMachine(host)) await script(lab(), host, lines.join('\n'));
}

async function expectNothingToChange(name: string): Promise<void> {
  const planned = await lvsctl(lab(), ['plan', topology(name)]);
  expect(planned.stdout).toMatch(/^Nothing to change$/m);
  expect(planned.exitCode).toBe(0);
}

it('dr: says what to open before it begins, and works once that is open', async () => {
  const refused = await lvsctl(lab(), ['apply', topology('dr'), '--yes']);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(
    /error: lb1: its firewall .* drops what it needs; open protocol 112 \(VRRP\), tcp port 80/,
  );
  expect(refused.stdout).toMatch(/^web1 +: ok=1 +changed=0/m);
  const planned = await lvsctl(lab(), ['plan', topology('dr')]);
  expect(planned.exitCode).toBe(2);
  const commands = commandsIn(planned);
  expect([...commands.keys()].sort()).toEqual(['lb1', 'lb2']);
  expect(commandsIn(refused)).toEqual(commands);
  await open(commands);
  await apply(lab(), 'dr');
  await expectNothingToChange('dr');
  expect(await holders(lab(), '10.77.1.100')).toEqual(['lb1']);
  // A connection that is over must not be waited for when the next topology comes: 2 s instead of 2 minutes.
  for (const director of ['lb1', 'lb2'] as const) await script(lab(), director, 'ipvsadm --set 900 2 300');
  expect(await ask(lab(), 'http://10.77.1.100/', 30)).toEqual({ web1: 10, web2: 20 });
});

it('nat: the same, through reverse-path filters on both sides', async () => {
  const refused = await lvsctl(lab(), ['apply', topology('nat'), '--yes']);
  expect(refused.exitCode).toBe(2);
  const commands = commandsIn(refused);
  expect([...commands.values()].flat().every((line) => line.includes('--dport 8080'))).toBe(true);
  expect([...commands.keys()].sort()).toEqual(['lb1', 'lb2']);
  await open(commands);
  await apply(lab(), 'nat');
  await expectNothingToChange('nat');
  expect(await holders(lab(), '10.77.1.101')).toEqual(['lb1']);
  const answers = await ask(lab(), 'http://10.77.1.101:8080/', 20);
  // Persistent: one client stays on one realserver.
  expect([{ web1: 20 }, { web2: 20 }]).toContainEqual(answers);
});
