/** Namespaces of Socket.IO that there are. `/` takes every command; each other only those of its features. */
export const namespaces = {
  main: '/',
  voice: '/voice',
  video: '/video',
  collab: '/collab',
  notification: '/notification',
} as const

export type Namespace = (typeof namespaces)[keyof typeof namespaces]

export const everyNamespace: readonly Namespace[] = Object.values(namespaces)
