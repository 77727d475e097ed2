/**
 * The functions that every script may call, defined once in each persistent shell. POSIX sh for dash, bash and busybox;
 * builtins wherever there is one. Names begin with `lvs_`, which the texts of steps leave alone.
 */

/** One compound command, like every script: cut off on its way, it is never begun. */
export const PRELUDE = String.raw`{
set -u
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
cd /

# lvs_mark KIND STEP [STATUS COMMAND]: a frame, on both streams
lvs_mark() {
  printf '\036%s %s %s %s %s\n' "$lvs_nonce" "$1" "$2" "$3" "$4"
  printf '\036%s %s %s %s %s\n' "$lvs_nonce" "$1" "$2" "$3" "$4" >&2
}

# lvs_ok CODE...: whether the status of the command before is one of these
lvs_ok() {
  lvs_status=$?
  for lvs_code; do
    [ "$lvs_status" = "$lvs_code" ] && return 0
  done
  return "$lvs_status"
}

# lvs_folder FOLDER: makes it, readable for all, as package managers do
lvs_folder() {
  [ -d "$1" ] && return 0
  umask 022
  mkdir -p -- "$1"
  lvs_status=$?
  umask 077
  return "$lvs_status"
}

# lvs_clear FILE: removes it if something is there
lvs_clear() {
  if [ -e "$1" ] || [ -L "$1" ]; then rm -f -- "$1"; fi
}

# lvs_write PATH NEW FOLDER UMASK MODE CONTENT; noclobber opens NEW with O_EXCL, so nobody's link is followed
lvs_write() {
  if [ -d "$1" ]; then
    printf '%s: is a folder\n' "$1" >&2
    return 1
  fi
  lvs_folder "$3" && lvs_clear "$2" || return
  umask "$4"
  set -C
  printf %s "$6" >"$2"
  lvs_status=$?
  set +C
  umask 077
  if [ "$lvs_status" = 0 ] && { [ -z "$5" ] || chmod "$5" "$2"; } && sync "$2" && mv -f -- "$2" "$1"; then
    return 0
  fi
  rm -f -- "$2"
  return 1
}

# lvs_remove PATH
lvs_remove() {
  lvs_clear "$1"
}

# lvs_link PATH NEW FOLDER TARGET; mv -T where there is one, or mv would move NEW into the folder that PATH points to
lvs_link() {
  lvs_folder "$3" && lvs_clear "$2" || return
  ln -s -- "$4" "$2" || return
  mv -fT -- "$2" "$1" 2>/dev/null && return 0
  rm -f -- "$2"
  if [ -d "$1" ] && ! [ -L "$1" ]; then
    printf '%s: is a folder\n' "$1" >&2
    return 1
  fi
  ln -sfn -- "$4" "$1"
}
}
`;
