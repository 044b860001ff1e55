"""An API that only people who are signed in may ask. The tenant is asked about each request's session, so one that has ended is refused at once.

    HANKO_API_URL=https://auth.acme.example PORT=8080 python3 server.py
"""

import json
import os
import urllib.request
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANKO_API_URL = os.environ["HANKO_API_URL"]


def token_of(headers):
    """The token of a request: a program sends it in a header, a browser in the cookie."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    try:
        cookie = SimpleCookie(headers.get("Cookie", "")).get("hanko")
    except CookieError:
        return None
    return cookie.value if cookie else None


def claims_of(token):
    """The claims of a session, or None when there is no such session, or no longer."""
    request = urllib.request.Request(
        f"{HANKO_API_URL}/sessions/validate",
        data=json.dumps({"session_token": token}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        validity = json.load(answer)
    return validity["claims"] if validity["is_valid"] else None


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            token = token_of(self.headers)
            claims = token and claims_of(token)
        except OSError as error:
            self.log_error("the tenant does not answer: %s", error)
            return self.answer(503, {"error": "nobody can sign in at the moment"})
        if not claims:
            return self.answer(401, {"error": "sign in first"})
        if self.path != "/api/me":
            return self.answer(404, {"error": "no such page"})
        return self.answer(200, {"user": claims["subject"], "email": claims.get("email", {}).get("address")})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()
