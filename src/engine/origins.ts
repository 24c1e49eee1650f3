/** Which pages may come: an exact list, asked on every request, as a browser's WebSocket is not bound by CORS. */

/** What a refused request is told says nothing of what would be allowed. */
export function origins(allowed: readonly string[] | '*') {
  const listed = new Set(allowed === '*' ? [] : allowed)

  /** A page of the service's own comes from the host that it asks. A proxy may have taken TLS off, so only that counts. */
  function isOwn(origin: string, request: Request): boolean {
    const host = request.headers.get('host')
    return host !== null && (origin === `https://${host}` || origin === `http://${host}`)
  }

  /** Who sends no Origin is no page, and could send any. */
  function allows(request: Request): boolean {
    const origin = request.headers.get('origin')
    return origin === null || allowed === '*' || listed.has(origin) || isOwn(origin, request)
  }

  function headers(request: Request): Record<string, string> {
    const origin = request.headers.get('origin')
    if (origin === null) return {}
    if (allowed === '*') return { 'access-control-allow-origin': '*' }
    return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'Origin' }
  }

  function preflight(request: Request): Response {
    const asked = request.headers.get('access-control-request-headers')
    return new Response(null, {
      status: 204,
      headers: {
        ...headers(request),
        'access-control-allow-methods': 'GET, POST',
        ...(asked ? { 'access-control-allow-headers': asked } : {}),
        'access-control-max-age': '600',
      },
    })
  }

  return { allows, headers, preflight }
}
