/** One User-Mode Linux for one program: the lab's image as root, this machine's files below /host, no network but its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { image } from '../../../vm-lab/image.ts';
import { UNTOLD } from '../../../vm-lab/steps.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/**
 * Runs a TypeScript program of this repository as root on a real IPVS kernel.
 * @param words - its arguments; a file of this machine is below /host there
 * @returns what it printed on lines that begin with `RESULT `, parsed. @throws Error with the console when there is none.
 */
export async function runInUml(program: string, timeoutMs: number, words: readonly string[] = []): Promise<unknown> {
  const disk = await image(UNTOLD);
  const folder = await mkdtemp('/dev/shm/uml-');
  const node = join('/host', ROOT, `node_modules/node-linux-${process.arch}/bin/node`);
  const steps = [
    'export PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'mount -t proc proc /proc',
    'mount -t sysfs sys /sys',
    'mount -t tmpfs tmp /tmp',
    'mkdir -p /host',
    'mount -t hostfs host /host',
    'ip link set lo up',
    [node, join('/host', program), ...words].join(' '),
    'poweroff -ff',
  ];
  const args = [
    `ubd0=${join(folder, 'cow')},${disk}`,
    'root=/dev/ubda',
    'rw',
    'mem=384M',
    `uml_dir=${folder}`,
    'con=null',
    'con0=null,fd:1',
    'ssl=null',
    'quiet',
    'init=/bin/sh',
    '--',
    '-c',
    `"${steps.join('; ')}"`,
  ];
  try {
    const { all } = await execa('linux.uml', args, {
      all: true,
      reject: false,
      stdin: 'ignore',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: { TMPDIR: '/dev/shm' },
    });
    const result = /^RESULT (.*)$/m.exec(all.replaceAll('\r', ''))?.[1];
    if (result === undefined) throw new Error(`no RESULT on the console of the virtual machine:\n${all}`);
    return JSON.parse(result);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
