/** Managed files: their hash, whether they carry our header, and what they record. */
import { type Fact, linesOf } from './fact.ts';

export interface FileFacts {
  /** Of the whole file. */
  readonly sha256: string;
  /** The hash that its header states for the body; null: it has no header of ours. */
  readonly managed: string | null;
}

export interface FilesAnswer {
  readonly files: Readonly<Record<string, FileFacts>>;
  /** Record lines of all files, without the mark. */
  readonly records: readonly string[];
}

export interface FilesQuestion {
  readonly paths: readonly string[];
  readonly headerMark: string;
  readonly recordMark: string;
}

/** One sha256sum for all; headers and records are read by the shell. A file without either is not read beyond line 2. */
export const filesFact: Fact<FilesQuestion, FilesAnswer> = {
  name: 'files',
  script: ({ paths, headerMark, recordMark }) => `there=
for f in ${paths.map((path) => `'${path}'`).join(' ')}; do
  [ -f "$f" ] || continue
  there="$there $f" n=0 ours=
  while IFS= read -r line; do
    n=$((n + 1))
    case $line in
      '${headerMark}'*) ours=1; printf 'header %s %s\\n' "$f" "\${line##* }" ;;
      '${recordMark} '*) [ -z "$ours" ] || printf 'record %s\\n' "\${line#'${recordMark} '}" ;;
    esac
    [ -n "$ours" ] || [ "$n" -lt 2 ] || break
  done <"$f"
done
[ -z "$there" ] || sha256sum $there`,
  parse(printed) {
    const lines = linesOf(printed);
    const headers = new Map(lines.flatMap((line) => pair(/^header (\/\S+) ([0-9a-f]{64})$/.exec(line))));
    const hashes = lines.flatMap((line) => pair(/^([0-9a-f]{64}) [ *](\/\S+)$/.exec(line)));
    return {
      files: Object.fromEntries(hashes.map(([sha256, path]) => [path, { sha256, managed: headers.get(path) ?? null }])),
      records: lines.filter((line) => line.startsWith('record ')).map((line) => line.slice('record '.length)),
    };
  },
};

function pair(found: RegExpExecArray | null): [string, string][] {
  return found === null ? [] : [[found[1] ?? '', found[2] ?? '']];
}
