/** {@link Firewall} on the real system: nftables where the kernel has it, else iptables-legacy (the other flavour is nftables, too). */

import type { Family } from '../wire/address.ts';
import { type Firewall, type MarkRule, sameRules } from './firewall.ts';
import { iptablesScript, ofFamily, parseIptablesRules } from './iptables-text.ts';
import { KernelError } from './kernel-error.ts';
import { NFT_TABLE, nftScript, parseNftRules } from './nftables-text.ts';
import { type ProgramResult, runProgram } from './run-program.ts';

interface Backend {
  apply(rules: readonly MarkRule[]): Promise<KernelError | undefined>;
  /** undefined stands for a rule that we did not write. @throws KernelError */
  read(): Promise<readonly (MarkRule | undefined)[]>;
}

export function openFirewall(): Firewall {
  let chosen: Promise<Backend> | undefined;
  const backend = (): Promise<Backend> => {
    chosen ??= hasNftables().then((yes) => (yes ? nftables : openIptables()));
    return chosen;
  };
  return {
    apply: async (rules) => (await backend()).apply(ordered(rules)),
    read: async () => (await (await backend()).read()).filter((rule) => rule !== undefined),
    holds: async (rules) => sameRules(await (await backend()).read(), ordered(rules)),
  };
}

/** IPv4 before IPv6, else as they were: two tables in iptables, and so everywhere. */
function ordered(rules: readonly MarkRule[]): readonly MarkRule[] {
  return [...ofFamily(rules, 4), ...ofFamily(rules, 6)];
}

/** Checked with the kernel, not by a version: a kernel may have nf_tables without the inet family. Changes nothing. */
async function hasNftables(): Promise<boolean> {
  return (await runProgram('nft', ['-c', '-f', '-'], `add table ${NFT_TABLE.join(' ')}\n`)).status === 0;
}

const nftables: Backend = {
  apply: async (rules) => failure('nft', await runProgram('nft', ['-f', '-'], nftScript(rules))),
  read: async () => {
    const result = await runProgram('nft', ['-j', 'list', 'table', ...NFT_TABLE]);
    if (result.status !== 0 && /No such file or directory/.test(result.stderr)) return [];
    const error = failure('nft', result);
    if (error !== undefined) throw error;
    return parseNftRules(result.stdout);
  },
};

const FAMILIES = [
  [4, 'iptables-legacy'],
  [6, 'ip6tables-legacy'],
] as const;

/** A planned hand-over waits for this: a program that need not be started is tenths of a second on a busy director. */
function openIptables(): Backend {
  /** Families whose table has nothing of ours. */
  const clean = new Set<Family>();
  const note = (family: Family, rules: readonly unknown[]) => {
    if (rules.length === 0) clean.add(family);
    else clean.delete(family);
  };
  return {
    apply: async (rules) => {
      for (const [family, program] of FAMILIES) {
        const wanted = ofFamily(rules, family);
        if (wanted.length === 0 && clean.has(family)) continue;
        const error = await replace(program, wanted);
        if (error !== undefined) return error;
        note(family, wanted);
      }
      return undefined;
    },
    read: async () => {
      const found: (MarkRule | undefined)[] = [];
      for (const [family, program] of FAMILIES) {
        if (clean.has(family)) continue;
        const saved = await save(program);
        if (!(saved instanceof KernelError)) {
          const rules = parseIptablesRules(saved);
          note(family, rules);
          found.push(...rules);
        } else if (family === 4) throw saved;
      }
      return found;
    },
  };
}

async function replace(program: string, wanted: readonly MarkRule[]): Promise<KernelError | undefined> {
  const saved = await save(program);
  // A host without IPv6 has no such table, and needs none.
  if (saved instanceof KernelError) return wanted.length === 0 ? undefined : saved;
  const script = iptablesScript(wanted, saved);
  if (script === undefined) return undefined;
  return failure(program, await runProgram(`${program}-restore`, ['--noflush', '-w', '5'], script));
}

async function save(program: string): Promise<string | KernelError> {
  const result = await runProgram(`${program}-save`, ['-t', 'mangle']);
  return failure(program, result) ?? result.stdout;
}

function failure(program: string, { status, stderr }: ProgramResult): KernelError | undefined {
  if (status === 0) return undefined;
  const detail = status === null ? `${program} did not end in time` : stderr.trim().split('\n')[0] || `exit ${status}`;
  return new KernelError({ operation: 'mark packets with', target: program, errno: 0, detail });
}
