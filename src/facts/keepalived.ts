/** keepalived on a director: whether it is installed, how it was started, and its configuration as it lies there. */
import { type Fact, linesOf } from './fact.ts';
import { textsFact } from './texts.ts';

export interface KeepalivedFacts {
  readonly installed: boolean;
  /** The configuration file: the one that it runs with, else the one that it would. */
  readonly config: string;
  /** Path → text of all files in its folder. */
  readonly files: Readonly<Record<string, string>>;
}

export interface KeepalivedQuestion {
  /** Before every path; for tests. */
  readonly root?: string;
}

const FOLDER = '/etc/keepalived';
const LONGEST_BYTES = 1_048_576;
const MARK = 'files';

/** Asked only where a director is to change hands: a few forks. */
export const keepalivedFact: Fact<KeepalivedQuestion, KeepalivedFacts> = {
  name: 'keepalived',
  script: ({
    root = '',
  }) => `for f in ${root}/usr/sbin/keepalived ${root}/sbin/keepalived ${root}/usr/local/sbin/keepalived; do
  [ ! -x "$f" ] || echo installed
done
for f in ${root}/run/keepalived.pid ${root}/run/keepalived/keepalived.pid; do
  if [ -r "$f" ] && read -r n <"$f" && [ -r "/proc/$n/cmdline" ]; then
    echo "arguments $(tr '\\0' ' ' <"/proc/$n/cmdline")"
  fi
done
for f in ${root}/etc/default/keepalived ${root}/etc/sysconfig/keepalived; do
  [ ! -r "$f" ] || while IFS= read -r v; do
    case $v in DAEMON_ARGS=* | KEEPALIVED_OPTIONS=*) echo "defaults $v" ;; esac
  done <"$f"
done
echo ${MARK}
find ${root}${FOLDER} -type f -name '*.conf' -exec head -v -c ${LONGEST_BYTES} {} + 2>/dev/null
:`,
  parse(printed) {
    const cut = `\n${printed}`.indexOf(`\n${MARK}\n`);
    const lines = linesOf(cut < 0 ? printed : printed.slice(0, cut));
    const said = (word: string): string | undefined =>
      lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
    const options = said('arguments') ?? said('defaults') ?? '';
    return {
      installed: lines.includes('installed'),
      config: / (?:-f ?|--use-file[= ])["']?([^\s"']+)/.exec(` ${options}`)?.[1] ?? `${FOLDER}/keepalived.conf`,
      files: cut < 0 ? {} : textsFact.parse(printed.slice(cut + MARK.length + 1)),
    };
  },
};
