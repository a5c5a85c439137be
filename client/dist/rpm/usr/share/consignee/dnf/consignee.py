"""The dnf plugin of the upgrade agent: tells it what happens, keeps back what it has not cleared.

All decisions are made by /usr/lib/consignee/consignee-hook; docs/hooks.md of Consign says when it is called.
dnf goes on after every exception but its own Error: whatever goes wrong in the barrier becomes one, and where
the hold goes wrong everything that the agent manages is held. Python is that of dnf, from 3.6 (EL 8) on.
"""

import os
import subprocess
import sys
import tempfile

import dnf
import dnf.transaction

ROOT = '/'
HOOK = '/usr/lib/consignee/consignee-hook'
HOLDS = '/var/lib/consignee/holds'
MANAGED = '/var/lib/consignee/managed'
AGENT = 'consignee'
# Set where the agent itself runs dnf, on a person's word.
OWN = 'CONSIGNEE_OWN'
# Of a program that cannot run; one that a signal has ended has a status below 0.
BROKEN = (126, 127)
# dnf itself counts what a reinstallation takes off neither as coming nor as going.
GOES = dnf.transaction.BACKWARD_ACTIONS + [dnf.transaction.PKG_REINSTALLED]
# Commands by which a person asks what is new.
ASKING = ('upgrade', 'upgrade-minimal', 'check-update', 'makecache', 'distro-sync')


class Consignee(dnf.Plugin):
    """What dnf calls."""

    name = 'consignee'

    def sack(self):
        """The lists are read: the agent looks at them, then what it holds is out of sight."""
        try:
            if not is_here(self.base):
                return
            if os.geteuid() == 0 and (is_fresh(self.base) or command(self.cli) in ASKING):
                tell('look')
            hold(self.base, has_terminal())
        except Exception as problem:
            print('consignee: the hold failed, all it manages is held: %r' % problem, file=sys.stderr)
            hide(self.base, managed())

    def pre_transaction(self):
        """Everything is downloaded and checked, and nothing is changed yet."""
        try:
            if is_here(self.base):
                barrier(list(self.base.transaction))
        except dnf.exceptions.Error:
            raise
        except BaseException as problem:
            raise dnf.exceptions.Error('consignee: the barrier failed: %r' % problem)

    def transaction(self):
        """dnf has run its transaction, well or not."""
        if is_here(self.base) and self.base.transaction:
            tell('ended')
            tell('follow')


def is_here(base):
    """Whether it is about this host, and not about an image that is built on it."""
    return base.conf.installroot == ROOT


def is_fresh(base):
    """Whether the lists of a repository were fetched in this run."""
    return any(repo._repo.fresh() for repo in base.repos.iter_enabled())


def command(cli):
    """The command that was typed; none for a program that uses dnf."""
    return next(iter(getattr(getattr(cli, 'command', None), 'aliases', ())), None)


def tell(verb):
    """Never fails: hooks are hints."""
    try:
        subprocess.call([HOOK, verb], stdin=subprocess.DEVNULL)
    except OSError:
        pass


def hold(base, attended):
    """Takes every version out of sight that the agent's file does not name."""
    for name, versions in holds(attended):
        offered = base.sack.query().available().filter(name=name)
        base.sack.add_excludes([package for package in offered if package.evr not in versions])


def hide(base, names):
    """Takes every version out of sight."""
    base.sack.add_excludes(list(base.sack.query().available().filter(name=list(names))))


def holds(attended):
    """Lines `<package> <installed version or -> always|attended <cleared version>...`."""
    lines = [line.split() for line in read(HOLDS) if not line.startswith('#')]
    told = [line for line in lines if len(line) >= 3]
    return [(line[0], line[1:2] + (line[3:] if attended or line[2] == 'always' else [])) for line in told]


def has_terminal():
    """Whether somebody is there, or has told the agent to."""
    if os.environ.get(OWN):
        return True
    try:
        open('/dev/tty').close()
    except OSError:
        return False
    return True


def barrier(items):
    """Asks about a transaction, and stops it where the answer is no."""
    try:
        # Not a pipe: a hook that has nothing to ask does not read it, and a broken pipe kills dnf.
        with tempfile.TemporaryFile() as told:
            told.write(lines(items))
            told.seek(0)
            status = subprocess.call([HOOK, 'barrier'], stdin=told)
    except OSError as problem:
        return broken(items, problem.strerror)
    if status < 0 or status in BROKEN:
        return broken(items, 'status %d' % status)
    if status != 0:
        raise dnf.exceptions.Error('refused by consignee, see above; for more: consignee status')


def lines(items):
    """Protocol `packages 1`: what comes (+) and what goes (-), name, version, architecture and file."""
    text = ['packages 1\n']
    for item in items:
        comes = item.action in dnf.transaction.FORWARD_ACTIONS
        if comes or item.action in GOES:
            path = item.pkg.localPkg() if comes else ''
            text.append('%s\t%s\t%s\t%s\t%s\n' % ('+' if comes else '-', item.name, evr(item), item.arch, path))
    return ''.join(text).encode('utf-8', 'surrogateescape')


def evr(item):
    """As rpm and the agent write it: no epoch where it is 0."""
    epoch = '' if item.epoch in (None, '', 0, '0') else '%s:' % item.epoch
    return '%s%s-%s' % (epoch, item.version, item.release)


def broken(items, reason):
    """A hook that cannot run stands in the way of our packages, of nothing else, and not of its own repair."""
    message = 'consignee: the hook of the agent is broken (%s); repair it with: dnf reinstall consignee' % reason
    comes = any(item.action in dnf.transaction.FORWARD_ACTIONS for item in items)
    names = {item.name for item in items} - {AGENT}
    # Nothing is read where the agent comes alone: that is its repair.
    if comes and names and names & managed():
        raise dnf.exceptions.Error(message)
    print(message)


def managed():
    """The packages that the agent manages, itself not among them."""
    return {name for line in read(MANAGED) for name in line.split()} - {AGENT}


def read(path):
    """The lines of a file of the agent's; of one that is not there, none."""
    try:
        # Whatever bytes are in it, the names that can be read still count.
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.readlines()
    except FileNotFoundError:
        return []
