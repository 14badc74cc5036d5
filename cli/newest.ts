/** Something that stands in a stream. */
type InStream = { seq: number };

/** Reads forwards from a sequence: some items in stream order, and where to go on; undefined at the end. */
export type ReadForwards<T extends InStream> = (
  fromSeq: number,
) => Promise<{ items: T[]; nextSeq: number | undefined }>;

const FIRST_WINDOW = 1024;
const GROWTH = 4;

/**
 * The newest items of a stream, newest first. Streams can only be read forwards, so this looks at windows of the sequence,
 * from the end back, each wider than the one before.
 */
export async function newest<T extends InStream>(
  read: ReadForwards<T>,
  { lastSeq, limit }: { lastSeq: number; limit: number },
): Promise<T[]> {
  const found: T[] = [];
  let end = lastSeq;
  for (let width = FIRST_WINDOW; end > 0 && found.length < limit; width *= GROWTH) {
    const begin = Math.max(1, end - width + 1);
    const window = await readWindow(read, begin, end);
    found.push(...window.toReversed());
    end = begin - 1;
  }
  return found.slice(0, limit);
}

async function readWindow<T extends InStream>(
  read: ReadForwards<T>,
  begin: number,
  end: number,
): Promise<T[]> {
  const items: T[] = [];
  for (let from: number | undefined = begin; from !== undefined && from <= end;) {
    const page: Awaited<ReturnType<ReadForwards<T>>> = await read(from);
    items.push(...page.items.filter((item) => item.seq <= end));
    from = page.nextSeq;
  }
  return items;
}
