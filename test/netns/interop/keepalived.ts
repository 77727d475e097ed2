import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../vrrp/until.ts';
import { type MakeSpeaker, ownAddress, type SpeakerConf, sourceOf } from './speaker.ts';

export const keepalived: MakeSpeaker = (lan, host, conf) => {
  const file = (name: string): string => join(lan.dir, `${host}-${name}`);
  const said: string[] = [];
  let child: ChildProcess | undefined;
  return {
    source: sourceOf(lan, host, conf),
    start: async () => {
      writeFileSync(file('weight'), '0\n');
      writeFileSync(file('keepalived.conf'), confText(host, conf, file('weight')));
      const pids = ['-p', file('keepalived.pid'), '-r', file('vrrp.pid')];
      child = lan.spawn(host, ['keepalived', '-n', '-l', '-P', '-f', file('keepalived.conf'), ...pids]);
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (text: Buffer) => said.push(text.toString()));
      await until(
        () => `keepalived takes part; it says ${said.join('')}`,
        () => said.join('').includes('Entering BACKUP STATE'),
      );
    },
    // a tracked file's number is added to the priority
    setPriority: (priority) => writeFileSync(file('weight'), `${priority - conf.priority}\n`),
    stop: () => void child?.kill('SIGTERM'),
    // the child first and the parent stopped: alone, either tells the other, which would then say farewell or start anew
    crash: async () => {
      const parent = child;
      const ended = new Promise<void>((done) => parent?.on('exit', () => done()));
      parent?.kill('SIGSTOP');
      process.kill(Number(readFileSync(file('vrrp.pid'), 'utf8')), 'SIGKILL');
      parent?.kill('SIGKILL');
      await ended;
    },
    holds: (address) => lan.has(host, address),
  };
};

function confText(host: string, conf: SpeakerConf, weightFile: string): string {
  const { version, family, transport, priority, preempt, intervalMs, vips, password, peer } = conf;
  const lines = [
    `version ${version}`,
    'state BACKUP',
    'interface eth1',
    'virtual_router_id 51',
    `priority ${priority}`,
    `advert_int ${intervalMs / 1000}`,
    preempt ? '' : 'nopreempt',
    password === null ? '' : `authentication {\n auth_type PASS\n auth_pass ${password}\n }`,
    transport === 'unicast' ? `unicast_src_ip ${ownAddress(host, family)}\n unicast_peer {\n ${peer}\n }` : '',
    'track_file {\n weight weight 1\n }',
    `virtual_ipaddress {\n ${vips.map((vip) => `${vip}/${family === 4 ? 32 : 128}`).join('\n ')}\n }`,
  ];
  return [
    `global_defs {\n router_id ${host}\n}`,
    `track_file weight {\n file ${weightFile}\n}`,
    `vrrp_instance V {\n ${lines.join('\n ')}\n}\n`,
  ].join('\n');
}
