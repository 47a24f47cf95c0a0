# Processes that live for a moment: `short-lived.pl ADDRESS PORT COUNT` forks COUNT children one after another.
# Each takes a name of its own; the odd ones dial PORT, the even ones a port of their own where nobody listens.
# Prints `PID NAME SERVER-PORT MILLISECONDS` for each, the time from fork to the end.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes 'time';

my ($address, $port, $count) = @ARGV;
for my $n (1 .. $count) {
    my $began = time;
    my $dialled = $n % 2 ? $port : 20_000 + $n;
    my $pid = fork;
    if (!$pid) {
        $0 = "brief-$n";
        my $socket = IO::Socket::INET->new("$address:$dialled");
        # No destructors: the end is as quick as that of a small program.
        require POSIX;
        POSIX::_exit(0);
    }
    waitpid $pid, 0;
    printf "%d brief-%d %d %.2f\n", $pid, $n, $dialled, 1000 * (time - $began);
}
