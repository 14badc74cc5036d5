/** One line of a drawn tree: the node and the branches before it. */
export type TreeLine<T> = { branches: string; node: T };

/** Draws trees with the usual branches, each root at the margin. A node that was drawn already is not drawn again. */
export function drawTree<T>(roots: readonly T[], childrenOf: (node: T) => readonly T[]): TreeLine<T>[] {
  const drawn = new Set<T>();
  const lines: TreeLine<T>[] = [];
  const draw = (node: T, branches: string, indent: string): void => {
    if (drawn.has(node)) return;
    drawn.add(node);
    lines.push({ branches, node });
    const children = childrenOf(node);
    for (const [i, child] of children.entries()) {
      const isLast = i === children.length - 1;
      draw(child, indent + (isLast ? "└─ " : "├─ "), indent + (isLast ? "   " : "│  "));
    }
  };
  for (const root of roots) draw(root, "", "");
  return lines;
}
