/** Which call spawned a child: how a call that runs again after a restore finds the children it had. */

/** The call that spawned a child, and which of that call's tasks it is. */
export interface CallOrigin {
  readonly toolId: string;
  readonly index: number;
}

export const originKey = (parentId: string, { toolId, index }: CallOrigin): string => `${parentId}/${toolId}/${index}`;
