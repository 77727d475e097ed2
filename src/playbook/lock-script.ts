/** The lock's two scripts for POSIX sh: taking it and giving it back. */

/**
 * ms without a word from the client after which a connection is given up: ours asks for an answer when it has heard nothing for
 * 5 s, and gives up after four unanswered questions.
 */
const SILENCE_MS = 30_000;

/** Field 22 of /proc/PID/stat is the start time (proc(5)); the name of a shell has no blanks that would shift it. */
const BORN = `born() {
  at=
  [ -r "/proc/$1/stat" ] && read -r v <"/proc/$1/stat" || return 0
  set -- $v
  at=\${22:-}
}`;

/**
 * deaf PID: prints the processes that hold the SSH connection above a shell, if nothing has come over it for long: its client
 * is gone, and only the kernel does not know yet (it would ask after two hours). By ss(8): milliseconds since data and since
 * acknowledgements came.
 */
const DEAF = `deaf() {
  above=
  p=$1
  while [ "$p" -gt 1 ] 2>/dev/null && [ -r "/proc/$p/stat" ] && read -r v <"/proc/$p/stat"; do
    above="$above $p"
    set -- $v
    p=\${4:-0}
  done
  ss -Htnpi 2>/dev/null | {
    gone= living= mine=
    long() {
      t=\${v##*"$1:"}
      t=\${t%% *}
      case $t in *e+*) return 0 ;; '' | *[!0-9]*) return 1 ;; esac
      [ "$t" -gt ${SILENCE_MS} ]
    }
    while read -r v; do
      case $v in
        ESTAB*)
          mine=
          for p in $above; do case $v in *"pid=$p,"*) mine="$mine $p" ;; esac; done ;;
      esac
      case $v in *cwnd:*) ;; *) continue ;; esac
      [ -n "$mine" ] || continue
      case $v in
        *lastrcv:*lastack:*) if long lastrcv && long lastack; then gone="$gone$mine"; else living=1; fi ;;
        *) living=1 ;;
      esac
    done
    [ -n "$living" ] || echo "$gone"
  }
}`;

/**
 * Prints nothing when it has taken the lock, else \`held\` and what its holder wrote. A lock whose shell is gone, or whose
 * connection is deaf, is taken over; what still runs there is ended first.
 * @param line what is written down of the holder; no single quote in it.
 */
export function takeText(folder: string, line: string): string {
  return `${BORN}
${DEAF}
born $$
own=$at
if [ -r ${folder}/shell ]; then
  read -r pid since <${folder}/shell
  born "$pid"
  if [ "$at" = "$since" ]; then
    gone=$(deaf "$pid")
    [ -z "$gone" ] || { kill -9 $gone "$pid" 2>/dev/null; at=; }
  fi
  if [ "$at" != "$since" ]; then mv -T ${folder} "${folder}.$$" 2>/dev/null && rm -rf "${folder}.$$"; fi
fi
if mkdir ${folder} 2>/dev/null; then
  printf '%s\\n' '${line}' >${folder}/holder
  printf '%s %s\\n' "$$" "$own" >${folder}/shell
elif [ -d ${folder} ]; then
  echo held
  [ ! -r ${folder}/holder ] || { read -r v <${folder}/holder; printf '%s\\n' "$v"; }
else mkdir ${folder}; fi`;
}

/** Removes the lock if it is this run's. */
export function freeText(folder: string, token: string): string {
  return `v=
[ ! -r ${folder}/holder ] || read -r v <${folder}/holder
case $v in *'"token":"${token}"'*) rm -rf ${folder} ;; esac
:`;
}
