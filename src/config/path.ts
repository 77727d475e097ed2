/** Paths of the topology, by string operations alone: the same on every system, and pure. */

/** `path` as seen from `base`; `~` and absolute paths stay as they are. `..` climbs no higher than the root. */
export function pathFrom(base: string, path: string): string {
  if (path.startsWith('/') || path === '~' || path.startsWith('~/')) return path;
  return normalized(`${base}/${path}`);
}

/** The folder of a file: `a/b.yaml` → `a`, `b.yaml` → `.` */
export function folderOf(file: string): string {
  const end = file.lastIndexOf('/');
  return end === -1 ? '.' : end === 0 ? '/' : file.slice(0, end);
}

function normalized(path: string): string {
  const absolute = path.startsWith('/');
  const steps: string[] = [];
  for (const step of path.split('/')) {
    const last = steps.at(-1);
    if (step === '' || step === '.') continue;
    if (step !== '..') steps.push(step);
    else if (last !== undefined && last !== '..') steps.pop();
    else if (!absolute) steps.push('..');
  }
  return `${absolute ? '/' : ''}${steps.join('/')}`;
}
