/**
 * User-Mode Linux loses the interrupt of a disk request now and then while the network is busy: its handler of I/O events
 * keeps them in one array, which an event that comes in meanwhile overwrites. Whoever waits for that request (an fsync, a login)
 * then hangs until another one of the machine ends: for 5 s and more, at 500 pings a second once in 1,500 requests. So every
 * machine reads a block ten times a second, and none of these reads waits for another.
 */

const PROGRAM = `import mmap, os, threading, time

disk = os.open('/dev/ubdb', os.O_RDONLY | os.O_DIRECT)
pages = []

def beat(page):
    os.preadv(disk, [page], 0)
    pages.append(page)

while True:
    threading.Thread(target=beat, args=(pages.pop() if pages else mmap.mmap(-1, 4096),)).start()
    time.sleep(0.1)
`;

const UNIT = `[Unit]
Description=Keeps the requests of this lab machine's disk from being forgotten
DefaultDependencies=no
After=systemd-remount-fs.service
Before=sysinit.target
Conflicts=shutdown.target

[Service]
ExecStart=/usr/bin/python3 -S -E /usr/local/lib/lab-disk.py
Restart=always
Nice=-10

[Install]
WantedBy=sysinit.target
`;

/** Path in the image → text. */
export const DISK_HEARTBEAT_FILES: Readonly<Record<string, string>> = {
  '/usr/local/lib/lab-disk.py': PROGRAM,
  '/etc/systemd/system/lab-disk.service': UNIT,
};
