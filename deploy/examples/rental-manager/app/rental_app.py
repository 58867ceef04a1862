#!/usr/bin/python3
"""A stand-in for the rental manager's backend: just enough to prove that people can log in.

  rental_app.py [--port N] [--port-file FILE]

GET  /health          200
POST /api/auth/login  {"username": ..., "password": ...} -> 200, or 401

The password is really checked: against users.password_hash, read with psql from the database that
DATABASE_URL (or libpq's own PG* variables) names, for each login anew. Loopback only. Python's standard
library and psql only; bcrypt is the C library's crypt(3), which Python up to 3.12 offers.
"""

import argparse
import hmac
import http.server
import json
import os
import signal
import subprocess
import sys
import urllib.parse
import warnings

warnings.filterwarnings('ignore', category=DeprecationWarning)
import crypt  # noqa: E402

HASH_OF = "select password_hash from users where is_active and username = :'username';\n"


def database_environment():
    """libpq's environment for DATABASE_URL: a URL on psql's command line could be read by all with ps."""
    env = dict(os.environ, PGCONNECT_TIMEOUT='5')
    url = env.pop('DATABASE_URL', '')
    if url:
        parts = urllib.parse.urlsplit(url)
        _, _, where = parts.netloc.rpartition('@')
        host, port = where, ''
        if ':' in where.rpartition(']')[2]:
            host, _, port = where.rpartition(':')
        found = {'PGHOST': host.strip('[]'), 'PGPORT': port, 'PGUSER': parts.username,
                 'PGPASSWORD': parts.password, 'PGDATABASE': parts.path[1:]}
        found = {name: urllib.parse.unquote(value) for name, value in found.items() if value}
        known = {'dbname': 'PGDATABASE'}
        for name, value in urllib.parse.parse_qsl(parts.query):
            found[known.get(name, 'PG' + name.upper())] = value
        env.update(found)
    return env


def password_hash(username):
    """The active user's hash, or None. psql quotes the name (:'username'); it is never part of the SQL."""
    command = ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'username=' + username]
    done = subprocess.run(command, input=HASH_OF, env=database_environment(), capture_output=True,
                          text=True, timeout=15, check=False)
    if done.returncode != 0:
        raise OSError('psql failed: ' + done.stderr.strip())
    return done.stdout.rstrip('\n') or None


def may_log_in(username, password):
    if not isinstance(username, str) or not isinstance(password, str) or '\0' in username + password:
        return False
    stored = password_hash(username)
    if stored is None or not stored.startswith('$2'):
        return False
    try:
        return hmac.compare_digest((crypt.crypt(password, stored) or '').encode(), stored.encode())
    except (OSError, ValueError):  # what is stored is not a bcrypt hash
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode() + b'\n'
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == '/health':
            self.answer(200, {'status': 'ok'})
        else:
            self.answer(404, {'detail': 'Not found'})

    def do_POST(self):
        if self.path != '/api/auth/login':
            self.answer(404, {'detail': 'Not found'})
            return
        try:
            body = json.loads(self.rfile.read(int(self.headers.get('Content-Length') or 0)))
            username, password = body['username'], body['password']
        except (ValueError, KeyError, TypeError):
            self.answer(422, {'detail': 'Send a JSON object with username and password'})
            return
        try:
            allowed = may_log_in(username, password)
        except (OSError, subprocess.SubprocessError, UnicodeError) as error:
            print('rental_app:', error, file=sys.stderr, flush=True)
            self.answer(503, {'detail': 'The database does not answer'})
            return
        if allowed:
            self.answer(200, {'token_type': 'bearer', 'access_token': 'stand-in', 'username': username})
        else:
            self.answer(401, {'detail': 'Wrong username or password'})


def main():
    parser = argparse.ArgumentParser(description='Stand-in for the rental manager application.')
    parser.add_argument('--port', type=int, default=0, help='0, the default, takes a free one')
    parser.add_argument('--port-file', help='the port is written there as soon as it listens')
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with http.server.ThreadingHTTPServer(('127.0.0.1', arguments.port), Handler) as server:
        server.daemon_threads = True
        if arguments.port_file:
            with open(arguments.port_file + '.new', 'w', encoding='ascii') as file:
                file.write('%d\n' % server.server_port)
            os.replace(arguments.port_file + '.new', arguments.port_file)
        print('rental_app: listening on http://127.0.0.1:%d' % server.server_port, file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == '__main__':
    main()
