/** What kind of host it is: processor, kernel, C library, whether systemd runs it, and who else manages its network. */
import { type Fact, linesOf } from './fact.ts';

export interface SystemFacts {
  /** By the dynamic loader that is there, and the kernel's word for it: what a binary of ours needs. null: none of those we have. */
  readonly architecture: 'x64' | 'arm64' | null;
  /** As uname -m says it; null: the kernel is older than 6.1 and does not tell without a fork. */
  readonly machine: string | null;
  /** uname -r. */
  readonly kernel: string;
  /** What os-release(5) calls it, and what it is like: `['ubuntu', 'debian']`. Empty: it does not say. */
  readonly distribution: readonly string[];
  readonly systemd: boolean;
  /** `2.36`; null if it was not asked for or is no glibc. */
  readonly glibc: string | null;
  readonly libstdcxx: boolean;
  /** The user that scripts run as exists. */
  readonly scriptUser: boolean;
}

export interface SystemQuestion {
  /** Asks for the version of the C library, which costs a fork, if this release is not there yet. */
  readonly release: string | null;
}

export const systemFact: Fact<SystemQuestion, Omit<SystemFacts, 'scriptUser'>> = {
  name: 'system',
  script: ({ release }) => `read -r v </proc/sys/kernel/osrelease && printf 'kernel %s\\n' "$v"
[ ! -r /proc/sys/kernel/arch ] || { read -r v </proc/sys/kernel/arch && printf 'machine %s\\n' "$v"; }
[ ! -r /etc/os-release ] || while IFS='=' read -r k v; do case $k in ID | ID_LIKE) echo "os $v" ;; esac; done </etc/os-release
[ ! -e /lib64/ld-linux-x86-64.so.2 ] || echo arch x64
[ ! -e /lib/ld-linux-aarch64.so.1 ] || echo arch arm64
[ ! -d /run/systemd/system ] || echo systemd
for f in /usr/lib/*/libstdc++.so.6 /usr/lib64/libstdc++.so.6 /usr/lib/libstdc++.so.6; do [ ! -e "$f" ] || echo libstdcxx; done
${release === null ? ':' : `[ -d '/opt/lvs-agent/releases/${release}' ] || getconf GNU_LIBC_VERSION 2>/dev/null || :`}`,
  parse(printed) {
    const lines = linesOf(printed);
    const after = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
    const machine = after('machine') ?? null;
    return {
      architecture: architectureOf(machine, lines),
      machine,
      kernel: after('kernel') ?? '',
      distribution: distributionOf(lines),
      systemd: lines.includes('systemd'),
      glibc: after('glibc') ?? null,
      libstdcxx: lines.includes('libstdcxx'),
    };
  },
};

/** ID before ID_LIKE, in whatever order and quotes they stand. */
function distributionOf(lines: readonly string[]): string[] {
  const values = lines.filter((line) => line.startsWith('os ')).map((line) => line.slice(3).replace(/["']/g, ''));
  const words = values
    .toSorted((a, b) => a.split(' ').length - b.split(' ').length)
    .flatMap((value) => value.split(' '));
  return [...new Set(words.filter((word) => word !== ''))];
}

const MACHINES = { x64: 'x86_64', arm64: 'aarch64' };

/** A loader of another architecture may lie there too, for an emulator or a cross compiler: the kernel's word goes first. */
function architectureOf(machine: string | null, lines: readonly string[]): SystemFacts['architecture'] {
  const loaders = (['x64', 'arm64'] as const).filter((name) => lines.includes(`arch ${name}`));
  return loaders.find((name) => machine === null || MACHINES[name] === machine) ?? null;
}
