/** What a picture shows, as far as a program can tell. */

import type { Page } from 'playwright-core';

export interface PictureFacts {
  readonly width: number;
  readonly height: number;
  readonly colours: number;
  /** Of all pixels, those of the most frequent colour. */
  readonly largestShare: number;
}

/** @param page Where it is decoded; nothing of it is used but the browser. @param png Bytes of the file. */
export async function factsOf(page: Page, png: Buffer): Promise<PictureFacts> {
  const blank = await page.context().newPage();
  try {
    return await blank.evaluate(
      async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext('2d');
        if (!context) throw new Error('there is no canvas');
        context.drawImage(image, 0, 0);
        const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
        const counts = new Map<number, number>();
        for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
        const largestShare = Math.max(...counts.values()) / pixels.length;
        return { width: image.width, height: image.height, colours: counts.size, largestShare };
      },
      `data:image/png;base64,${png.toString('base64')}`,
    );
  } finally {
    await blank.close();
  }
}
