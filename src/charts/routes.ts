/** How arrows run in a picture: straight, by right angles, with round corners. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Where its lines begin, from the corner of the box; under the title unless told. */
  readonly lines?: Point;
  /** One of several that run side by side: a divider instead of a box. */
  readonly region?: true;
}

/** From the side of a row: along x to `via[0]`, along y to `via[1]`, along x to `via[2]`, and so on. */
export interface Route {
  readonly side: 'left' | 'right';
  readonly via: readonly number[];
  /** Where it starts, of a row that does not end at a side of its box. */
  readonly fromX?: number;
  /** Ends on another arrow to the same state and goes on with it. */
  readonly joins?: true;
}

export interface RoutedEdge {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly targetBox: Box;
  readonly route: Route;
  readonly points: readonly Point[];
}

const CORNER = 9;

export function pointsOf({ side, via, fromX }: Route, box: Box, y: number): Point[] {
  let at: Point = { x: fromX ?? (side === 'left' ? box.x : box.x + box.w), y };
  const points = [at];
  for (const [index, value] of via.entries()) {
    at = index % 2 === 0 ? { x: value, y: at.y } : { x: at.x, y: value };
    points.push(at);
  }
  return points;
}

/** @throws Error for an arrow that does not end at its state, or joins no arrow that leads to the same. */
export function checkRoutes(edges: readonly RoutedEdge[]): void {
  for (const edge of edges) {
    const end = edge.points.at(-1);
    if (!end) throw new Error(`${edge.name}: an arrow without a way`);
    const friends = edges.filter((other) => other !== edge && other.target === edge.target);
    const arrives = edge.route.joins
      ? friends.some(({ points }) => segmentsOf(points).some(([from, to]) => isBetween(end, from, to)))
      : isOnBorder(end, edge.targetBox);
    if (!arrives) throw new Error(`${edge.name}: the arrow ends at ${end.x},${end.y}, not at ${edge.target}`);
  }
}

export function pathOf(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (!before) return `M${point.x} ${point.y}`;
      if (!after) return `L${point.x} ${point.y}`;
      const into = towards(point, before);
      const out = towards(point, after);
      return `L${into.x} ${into.y}Q${point.x} ${point.y} ${out.x} ${out.y}`;
    })
    .join('');
}

/** The point a corner's radius, at most half the way, from `from` on the way to `to`. */
function towards(from: Point, to: Point): Point {
  const step = (distance: number) => Math.sign(distance) * Math.min(CORNER, Math.abs(distance) / 2);
  return { x: from.x + step(to.x - from.x), y: from.y + step(to.y - from.y) };
}

function segmentsOf(points: readonly Point[]): [Point, Point][] {
  return points.flatMap((point, index) => {
    const next = points[index + 1];
    return next ? [[point, next] satisfies [Point, Point]] : [];
  });
}

function isBetween({ x, y }: Point, from: Point, to: Point): boolean {
  const within = (value: number, one: number, other: number) =>
    value >= Math.min(one, other) && value <= Math.max(one, other);
  return within(x, from.x, to.x) && within(y, from.y, to.y);
}

function isOnBorder({ x, y }: Point, box: Box): boolean {
  const onX = x === box.x || x === box.x + box.w;
  const onY = y === box.y || y === box.y + box.h;
  const inX = x >= box.x && x <= box.x + box.w;
  const inY = y >= box.y && y <= box.y + box.h;
  return (onX && inY) || (onY && inX);
}
