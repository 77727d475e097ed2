/** systemd units: whether they run, whether they would at boot, whether their file is newer than what runs. */
import { quote } from '../shell/quote.ts';
import { type Fact, linesOf } from './fact.ts';

export interface UnitFacts {
  readonly active: boolean;
  readonly enabled: boolean;
  /** Its file was written after the process made its socket: what runs is not what the file says. */
  readonly stale: boolean;
}

export interface UnitQuestion {
  readonly name: string;
  /** What the process makes when it starts, or null for a unit whose staleness is not asked for. */
  readonly socket: string | null;
}

const FOLDER = '/etc/systemd/system';

/**
 * Without a fork: systemd (236 and later) has a link in /run/systemd/units for every unit that is active, one that has
 * exited but remains included. `systemctl` costs 100 ms in a small machine and is only asked where there is no such folder.
 */
export const unitsFact: Fact<readonly UnitQuestion[], Readonly<Record<string, UnitFacts>>> = {
  name: 'units',
  script: (units) => `${units.map(unitLines).join('\n')}
:`,
  parse(printed) {
    const said = linesOf(printed).map((line) => line.split(' '));
    const names = new Set(said.flatMap(([, name]) => (name === undefined ? [] : [name])));
    const has = (word: string, name: string) => said.some(([one, other]) => one === word && other === name);
    return Object.fromEntries(
      [...names].map((name) => [
        name,
        { active: has('active', name), enabled: has('enabled', name), stale: has('stale', name) },
      ]),
    );
  },
};

function unitLines({ name, socket }: UnitQuestion): string {
  return `if [ -d /run/systemd/units ]; then [ ! -L '/run/systemd/units/invocation:${name}' ] || echo 'active ${name}'
elif systemctl is-active -q ${name} 2>/dev/null; then echo 'active ${name}'; fi
for f in ${FOLDER}/*.wants/${name}; do [ ! -L "$f" ] || echo 'enabled ${name}'; done${
    socket === null ? '' : `\n[ ! ${FOLDER}/${name} -nt ${quote(socket)} ] || echo 'stale ${name}'`
  }`;
}
