/** The code blocks of a page that begin with the name of a file in a comment, by that name. */
export function filesOf(page: string): Record<string, string> {
  const blocks = page.matchAll(/```\w+\n(?:#|\/\/) (\S+\.\w+)\n(.*?)```/gs);
  return Object.fromEntries([...blocks].map(([, file = "", text = ""]) => [file, text]));
}

/** What a page quotes, and the file that it quotes from. */
export function quotationsOf(page: string): { file: string; text: string }[] {
  const blocks = page.matchAll(/<!-- from: (\S+) -->\n\n```\w+\n([^]*?)```/g);
  return [...blocks].map(([, file = "", text = ""]) => ({ file, text }));
}
