/** systemd units, all from one `systemctl show`. */
import { type Fact, linesOf } from './fact.ts';

export interface UnitFacts {
  readonly loaded: boolean;
  /** active, inactive, failed, activating … */
  readonly active: string;
  /** enabled, disabled, static … or empty. */
  readonly enabled: string;
  /** Its file has changed since systemd read it. */
  readonly stale: boolean;
}

export const unitsFact: Fact<readonly string[], Readonly<Record<string, UnitFacts>>> = {
  name: 'units',
  script: (names) =>
    `[ ! -d /run/systemd/system ] || systemctl show -p Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload ${names.join(' ')} 2>/dev/null || :`,
  parse(printed) {
    const units: Record<string, UnitFacts> = {};
    for (const block of printed.split('\n\n')) {
      const values = new Map(
        linesOf(block).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
      const id = values.get('Id');
      if (id === undefined) continue;
      units[id] = {
        loaded: values.get('LoadState') === 'loaded',
        active: values.get('ActiveState') ?? '',
        enabled: values.get('UnitFileState') ?? '',
        stale: values.get('NeedDaemonReload') === 'yes',
      };
    }
    return units;
  },
};
