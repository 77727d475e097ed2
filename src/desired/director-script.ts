/**
 * What a director does before its agent starts: the modules and sysctls of its files once more. At boot systemd has done it,
 * unless modules-load is switched off, a later file of somebody else won, or the keys of net.ipv4.vs were not there yet.
 */
import { PATHS } from './managed.ts';
import { OPTIONAL_MODULE } from './modules-file.ts';

export function directorScriptBody(): string {
  return `#!/bin/sh
[ ! -r ${PATHS.modules} ] || while read -r module; do
  module=\${module#'${OPTIONAL_MODULE}'}
  case $module in '' | '#'*) ;; *) modprobe -q "$module" ;; esac
done <${PATHS.modules}
for program in /usr/lib/systemd/systemd-sysctl /lib/systemd/systemd-sysctl; do
  [ ! -x "$program" ] || exec "$program" ${PATHS.sysctl}
done
`;
}
