/** The agent as it answers now: its state over the control socket, and the releases on disk. */
import { type AgentState, agentState } from '../status/state.ts';
import { type Fact, linesOf } from './fact.ts';
import { parseHttpAnswer } from './http-answer.ts';

export interface AgentFacts {
  /** null: it does not answer. */
  readonly state: AgentState | null;
  /** Why there is no state: one clause. */
  readonly silence: string | null;
  /** Folder name of the release that `current` points at, if it is whole. */
  readonly current: string | null;
  /** Releases that are whole, by folder name. */
  readonly releases: readonly string[];
  /** Hash of the Node binary → a release that has it. */
  readonly nodes: Readonly<Record<string, string>>;
  /** Release → hash of what its VRRP process is made of; none for releases of lvsctl 0.1.0 and earlier. */
  readonly vrrpParts: Readonly<Record<string, string>>;
  /** What an upload that was cut off has left: paths below the root. */
  readonly leftovers: readonly string[];
  /** The command on the PATH is there. */
  readonly command: boolean;
  /** Fingerprint of the key that it shares with the other directors; null: it has none. */
  readonly exchangeKey: string | null;
}

export interface AgentQuestion {
  readonly root: string;
  readonly socket: string;
  readonly command: string;
  readonly exchangeKey: string;
}

/** A request of HTTP/1.0: the answer ends with the stream and is never chunked. */
const REQUEST = 'GET /v1/state HTTP/1.0\r\nHost: agent\r\n\r\n';

/**
 * Costs one fork. A release is known by its folder's name and its stamp, which is written last; its second line is the hash
 * of the Node binary, its third that of all that the VRRP process is made of. Of the key only its first line is read.
 */
export const agentFact: Fact<AgentQuestion, AgentFacts> = {
  name: 'agent',
  script: ({ root, socket, command, exchangeKey }) => `for d in '${root}'/releases/*/; do
  if [ -f "\${d}stamp" ] && { read -r v; read -r n; read -r p || p=; } <"\${d}stamp"; then
    [ ! "$d" -ef '${root}/current' ] || echo "current $v"
    echo "release $v $n $p"
  elif [ -d "$d" ]; then echo "leftover \${d%/}"; fi
done
for f in '${root}/incoming' '${root}/incoming.tar.gz'; do [ ! -e "$f" ] || echo "leftover $f"; done
[ ! -x '${command}' ] || echo command
[ ! -r '${exchangeKey}' ] || { read -r v <'${exchangeKey}' && echo "key $v"; }
if [ -S '${socket}' ] && [ -x '${root}/current/stdio' ]; then
  echo answer
  '${root}/current/stdio' '${socket}' <<'REQUEST' 2>&1 || :
${REQUEST.slice(0, -1)}
REQUEST
fi
:`,
  parse(printed) {
    const cut = printed.indexOf('answer\n');
    const lines = linesOf(cut < 0 ? printed : printed.slice(0, cut));
    const releases = lines.flatMap((line) => {
      const [, name, node, parts] = /^release ([0-9a-f]+) ?([0-9a-f]*) ?([0-9a-f]*)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, node: node ?? '', parts: parts ?? '' }];
    });
    return {
      ...(cut < 0 ? { state: null, silence: 'it is not running' } : stateOf(printed.slice(cut + 'answer\n'.length))),
      current: lines.find((line) => line.startsWith('current '))?.slice('current '.length) ?? null,
      releases: releases.map(({ name }) => name),
      nodes: Object.fromEntries(releases.map(({ name, node }) => [node, name])),
      vrrpParts: Object.fromEntries(releases.flatMap(({ name, parts }) => (parts ? [[name, parts]] : []))),
      leftovers: lines.flatMap((line) => /^leftover (\/\S+)$/.exec(line)?.[1] ?? []),
      command: lines.includes('command'),
      exchangeKey: lines.flatMap((line) => /^key ([0-9a-f]{32})$/.exec(line)?.[1] ?? [])[0] ?? null,
    };
  },
};

function stateOf(answer: string): Pick<AgentFacts, 'state' | 'silence'> {
  const parsed = parseHttpAnswer(answer);
  if (parsed === null) return { state: null, silence: `it did not answer (${answer.trim().slice(0, 200)})` };
  if (parsed.status !== 200) return { state: null, silence: `it answered with status ${parsed.status}` };
  try {
    const state = agentState.safeParse(JSON.parse(parsed.body));
    if (state.success) return { state: state.data, silence: null };
    const issue = state.error.issues[0];
    return { state: null, silence: `its state is not understood (${issue?.path.join('.')}: ${issue?.message})` };
  } catch {
    return { state: null, silence: 'its answer is no JSON' };
  }
}
