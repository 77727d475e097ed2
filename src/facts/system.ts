/** What kind of host it is: processor, kernel, C library, whether systemd runs it, and who else manages its network. */
import { type Fact, linesOf } from './fact.ts';

export interface SystemFacts {
  /** By the dynamic loader that is there: what a binary of ours needs. null: neither of those we have. */
  readonly architecture: 'x64' | 'arm64' | null;
  /** uname -r. */
  readonly kernel: string;
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
  readonly scriptUser: string;
}

export const systemFact: Fact<SystemQuestion, SystemFacts> = {
  name: 'system',
  script: ({ release, scriptUser }) => `read -r v </proc/sys/kernel/osrelease && printf 'kernel %s\\n' "$v"
[ ! -e /lib64/ld-linux-x86-64.so.2 ] || echo arch x64
[ ! -e /lib/ld-linux-aarch64.so.1 ] || echo arch arm64
[ ! -d /run/systemd/system ] || echo systemd
for f in /usr/lib/*/libstdc++.so.6 /usr/lib64/libstdc++.so.6 /usr/lib/libstdc++.so.6; do [ ! -e "$f" ] || echo libstdcxx; done
while IFS=: read -r v _; do [ "$v" != '${scriptUser}' ] || echo script-user; done </etc/passwd
${release === null ? ':' : `[ -d '/opt/lvs-agent/releases/${release}' ] || getconf GNU_LIBC_VERSION 2>/dev/null || :`}`,
  parse(printed) {
    const lines = linesOf(printed);
    const after = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
    const architecture = after('arch');
    return {
      architecture: architecture === 'x64' || architecture === 'arm64' ? architecture : null,
      kernel: after('kernel') ?? '',
      systemd: lines.includes('systemd'),
      glibc: after('glibc') ?? null,
      libstdcxx: lines.includes('libstdcxx'),
      scriptUser: lines.includes('script-user'),
    };
  },
};
