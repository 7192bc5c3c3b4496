/** How a folder is read once only in the life of an agent. */

/** As `read`, which is called once for each folder; a failure is not kept, so that a mended file is seen. */
export function folderCache<Content>(read: (folder: string) => Content): (folder: string) => Content {
  const contents = new Map<string, { readonly content: Content }>();
  return (folder) => {
    const known = contents.get(folder);
    if (known) return known.content;
    const content = read(folder);
    contents.set(folder, { content });
    return content;
  };
}
