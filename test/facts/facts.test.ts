import { describe, expect, it } from 'vitest';
import { agentFact } from '../../src/facts/agent.ts';
import { filesIn, recordsIn } from '../../src/facts/files.ts';
import { parseHttpAnswer } from '../../src/facts/http-answer.ts';
import { modulesFact } from '../../src/facts/modules.ts';
import { parseOriginals, parsePlaced } from '../../src/facts/records.ts';
import { rootProgramsFact } from '../../src/facts/root-programs.ts';
import { sysctlPath, sysctlsIn } from '../../src/facts/sysctls.ts';
import { systemFact } from '../../src/facts/system.ts';
import { unitsFact } from '../../src/facts/units.ts';
import { agentState } from './agent-state.ts';

const BODY = '7f7c4382a822630c47e574a387be528556dae7a1e1871e4d11e4c5c2768c467c';

describe('facts', () => {
  it('reads the system, and null for what it does not know', () => {
    const printed = 'kernel 6.1.176\nos "rhel fedora"\nos rocky\narch x64\nsystemd\nlibstdcxx\nglibc 2.36\n';
    expect(systemFact.parse(printed)).toEqual({
      architecture: 'x64',
      machine: null,
      kernel: '6.1.176',
      distribution: ['rocky', 'rhel', 'fedora'],
      systemd: true,
      glibc: '2.36',
      libstdcxx: true,
    });
    expect(systemFact.parse('arch riscv\n')).toMatchObject({ architecture: null, systemd: false, glibc: null });
  });

  it.each([
    ['machine x86_64\narch x64\narch arm64\n', 'x64'],
    ['machine aarch64\narch x64\narch arm64\n', 'arm64'],
    ['machine aarch64\narch x64\n', null],
    ['machine riscv64\narch x64\n', null],
    ['arch arm64\n', 'arm64'],
  ])('takes the loader of the machine, not one that an emulator needs: %j', (printed, architecture) => {
    expect(systemFact.parse(printed).architecture).toBe(architecture);
  });

  it('reads modules', () => {
    expect(modulesFact.parse('ip_vs loaded\nip_vs_mh absent\nip_vs_sh available\nip_vs_rr maybe\n')).toEqual({
      ip_vs: 'loaded',
      ip_vs_mh: 'absent',
      ip_vs_sh: 'available',
    });
  });

  it('reads sysctls with single spaces, and finds the key of an interface with a dot in its name', () => {
    const texts = {
      '/proc/sys/net/ipv4/vs/sync_threshold': '2\t50\n',
      '/proc/sys/net/ipv4/conf/eth1.5/arp_ignore': '1\n',
      '/etc/passwd': 'root:x:0:0\n',
    };
    expect(sysctlsIn(texts)).toEqual({
      'net.ipv4.vs.sync_threshold': '2 50',
      'net.ipv4.conf.eth1/5.arp_ignore': '1',
    });
    expect(sysctlPath('net.ipv4.conf.eth1/5.arp_ignore')).toBe('/proc/sys/net/ipv4/conf/eth1.5/arp_ignore');
  });

  it('reads files: ours by their header, others without, and their records', () => {
    const texts = {
      '/etc/a': `#!/bin/sh\n# Ours: 1. sha256 ${BODY}\n#: was k 1\n#:was k 2\n`,
      '/etc/b': `\n\n# Ours: 1. sha256 ${BODY}\n#: was k 3\n`,
      '/etc/empty': '',
      '/etc/passwd': `# Ours: 1. sha256 ${BODY}\n#: was k 4\n`,
    };
    const marks = { header: '# Ours', record: '#:' };
    const files = filesIn(texts, ['/etc/a', '/etc/b', '/etc/empty', '/etc/missing'], marks);
    expect(files).toEqual({
      '/etc/a': { content: texts['/etc/a'], managed: BODY },
      '/etc/b': { content: texts['/etc/b'], managed: null },
      '/etc/empty': { content: '', managed: null },
    });
    expect(recordsIn(files, marks)).toEqual(['was k 1']);
  });

  it('reads what others than root can change on the way to a program', () => {
    const printed = `f: /opt/a
drwxr-xr-x root   root   /
drwxrwxrwt root   root   opt
-rwxr-xr-x deploy deploy a
f: /usr/bin/b
drwxr-xr-x root root /
lrwxrwxrwx root root b -> /tmp/c
drwxrwxrwt root root   tmp
-rwxrwxr-x root wheel   c
f: /usr/bin/d
drwxr-xr-x root root /
lrwxrwxrwx eve  eve  d -> /bin/true
-rwsr-xr-x root root   true
f: /usr/bin/e
dr-xr-xr-x root root /
lrwxrwxrwx root root e -> true
-rwxr-xr-x root root   true
f: /none
drwxr-xr-x root root /
                     none - No such file or directory
`;
    expect(rootProgramsFact.parse(printed)).toEqual({ '/opt/a': 'a', '/usr/bin/b': 'c', '/usr/bin/d': 'd' });
    expect(rootProgramsFact.parse('namei: command not found\n')).toEqual({});
  });

  it('reads what was placed and what sysctls were', () => {
    const records = [
      'placed by lvsctl',
      'tunnel tunl0',
      'tunnel gue 6080',
      'tunnel gue nonsense',
      'tunnel gre nonsense',
      'tunnel gre 10.77.1.21 checksum',
      'vip tunl0 10.77.1.102/32',
      'vip lvs-gre 10.77.1.102/32',
      'vip lo 2001:db8::1/128',
      'vip eth0 10.0.0.1/32',
      'vip lo nonsense/32',
      'return 10.77.2.21 via 10.77.2.1 direct 10.77.1.11 10.77.1.12',
      'was net.ipv4.vs.sync_threshold 3 50',
      'was net.ipv4.vs.backup_only',
    ];
    expect(parsePlaced(records)).toEqual({
      vips: [
        { device: 'tunl0', address: '10.77.1.102', prefixLength: 32 },
        { device: 'lvs-gre', address: '10.77.1.102', prefixLength: 32 },
        { device: 'lo', address: '2001:db8::1', prefixLength: 128 },
      ],
      tunnel: true,
      tunnel6: false,
      guePorts: [6080],
      gre: { local: '10.77.1.21', checksum: true },
      returnRoute: { rip: '10.77.2.21', via: '10.77.2.1', direct: ['10.77.1.11', '10.77.1.12'] },
    });
    expect(parseOriginals(records)).toEqual({ 'net.ipv4.vs.sync_threshold': '3 50', 'net.ipv4.vs.backup_only': null });
  });

  it('reads units, and knows nothing of those that were not said', () => {
    expect(unitsFact.parse('active lvs-agent.service\nenabled lvs-agent.service\nstale lvs-vrrp.service\n')).toEqual({
      'lvs-agent.service': { active: true, enabled: true, stale: false },
      'lvs-vrrp.service': { active: false, enabled: false, stale: true },
    });
  });
});

describe('the agent', () => {
  const answer = (status: string, body: string) =>
    `answer\nHTTP/1.1 ${status}\r\nContent-Type: application/json\r\n\r\n${body}`;
  const releases = 'release aa 11\ncurrent bb\nrelease bb 22\ncommand\n';

  it('tells its releases and its state', () => {
    const facts = agentFact.parse(releases + answer('200 OK', JSON.stringify(agentState())));
    expect(facts).toMatchObject({
      current: 'bb',
      releases: ['aa', 'bb'],
      nodes: { '11': 'aa', '22': 'bb' },
      command: true,
      silence: null,
    });
    expect(facts.state?.director).toBe('lb1');
  });

  it.each([
    ['', 'it is not running'],
    ['answer\nconnect: Connection refused\n', 'it did not answer (connect: Connection refused)'],
    [answer('503 Busy', '{}'), 'it answered with status 503'],
    [answer('200 OK', '{"schema":1'), 'its answer is no JSON'],
    [answer('200 OK', '{"schema":2}'), 'its state is not understood'],
  ])('has no state after %j', (printed, silence) => {
    const facts = agentFact.parse(printed);
    expect(facts.state).toBeNull();
    expect(facts.silence).toContain(silence);
  });

  it('finds the body of an HTTP answer, whatever lines it has', () => {
    expect(parseHttpAnswer('HTTP/1.1 422 X\r\nA: b\r\n\r\n{"error":"x"}\n')).toEqual({
      status: 422,
      body: '{"error":"x"}\n',
    });
    expect(parseHttpAnswer('HTTP/1.1 200 OK\r\nA: b')).toBeNull();
    expect(parseHttpAnswer('nonsense\r\n\r\n')).toBeNull();
  });
});
