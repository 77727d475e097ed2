/** tcpdump on one interface of a segment: what was sent, by nobody's log. */
import type { ChildProcess } from 'node:child_process';
import { advertIn, announcementIn, type SeenAdvert, type SeenAnnouncement } from './frames.ts';
import { until } from './until.ts';

/** pcap-savefile(5): a header of the file, then one before each frame. */
const FILE_HEADER = 24;
const FRAME_HEADER = 16;
/** Padding and a foreign MAC's worth of it never make one as long. */
const LONGEST_FRAME = 262_144;

/** Everything that a {@link Witness} understands. */
export const VRRP_AND_ANNOUNCEMENTS = 'ip proto 112 or ip6 proto 112 or arp or icmp6';

export class Witness {
  readonly #adverts: SeenAdvert[] = [];
  readonly #frames: Buffer[] = [];
  readonly #announcements: SeenAnnouncement[] = [];
  #rest = Buffer.alloc(0);
  #isFirst = true;

  /** @param dump a tcpdump that writes its file to stdout. @returns when it listens */
  static async of(dump: ChildProcess): Promise<Witness> {
    const witness = new Witness();
    let said = '';
    dump.stderr?.on('data', (text: Buffer) => {
      said += text.toString();
    });
    dump.stdout?.on('data', (bytes: Buffer) => witness.#read(bytes));
    await until(
      () => `tcpdump listens; it says ${said}`,
      () => said.includes('listening on'),
    );
    return witness;
  }

  get seen(): readonly SeenAdvert[] {
    return this.#adverts;
  }

  /** Each of {@link seen} as it was on the wire. */
  get frames(): readonly Buffer[] {
    return this.#frames;
  }

  get announcements(): readonly SeenAnnouncement[] {
    return this.#announcements;
  }

  last(source: string, vrid = 51): SeenAdvert | undefined {
    return this.#adverts.findLast((one) => one.source === source && one.vrid === vrid);
  }

  /** The first advertisement of `source` after `afterMs`. */
  async next(source: string, afterMs: number, vrid = 51, withinMs?: number): Promise<SeenAdvert> {
    const find = (): SeenAdvert | undefined =>
      this.#adverts.find((one) => one.source === source && one.vrid === vrid && one.atMs > afterMs);
    return until(`an advertisement of ${source}`, find, withinMs);
  }

  /** The longest silence on a VRID between two moments, whoever speaks. */
  longestGapMs(fromMs: number, toMs: number, vrid = 51): number {
    const times = this.#adverts
      .filter((one) => one.vrid === vrid && one.atMs >= fromMs && one.atMs <= toMs)
      .map((one) => one.atMs);
    return Math.max(...[...times, toMs].map((atMs, index) => atMs - (times[index - 1] ?? fromMs)));
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#isFirst) {
      if (this.#rest.length < FILE_HEADER) return;
      this.#isFirst = false;
      this.#rest = this.#rest.subarray(FILE_HEADER);
    }
    let at = 0;
    while (at + FRAME_HEADER <= this.#rest.length) {
      const length = this.#rest.readUInt32LE(at + 8);
      if (length > LONGEST_FRAME) throw new Error(`tcpdump wrote a frame of ${length} bytes`);
      if (at + FRAME_HEADER + length > this.#rest.length) break;
      const atMs = this.#rest.readUInt32LE(at) * 1000 + this.#rest.readUInt32LE(at + 4) / 1000;
      this.#take(this.#rest.subarray(at + FRAME_HEADER, at + FRAME_HEADER + length), atMs);
      at += FRAME_HEADER + length;
    }
    this.#rest = this.#rest.subarray(at);
  }

  #take(frame: Buffer, atMs: number): void {
    const advert = advertIn(frame, atMs);
    if (advert !== undefined) {
      this.#adverts.push(advert);
      this.#frames.push(Buffer.from(frame));
    }
    const announcement = announcementIn(frame, atMs);
    if (announcement !== undefined) this.#announcements.push(announcement);
  }
}
