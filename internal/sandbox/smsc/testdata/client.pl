# A client made of Perl's Net::SMPP, as a peer that nobody here wrote. It goes through what a centre can be asked and says how it
# understood the answers, a line each; see perl_test.go.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
my $port = shift;
my %account = (port => $port, system_id => 'ministry', system_type => '', interface_version => 0x34, smpp_version => 0x34);

sub status { my $pdu = shift; return $pdu ? sprintf('%#x', $pdu->status) : 'none' }

my (undef, $refused) = Net::SMPP->new_transceiver('127.0.0.1', %account, password => 'wrong');
print 'wrong ', status($refused), "\n";

my ($smpp, $bound) = Net::SMPP->new_transceiver('127.0.0.1', %account, password => 'secret');
print 'bind ', status($bound), ' ', $bound->{system_id}, "\n";

my %from = (source_addr_ton => 3, source_addr_npi => 0, source_addr => '1414');
my %to = (dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => '77010000001');
my @receipt = (registered_delivery => 1);

# a receipt may come before the answer to what is asked next, and would be passed over there
sub receipt {
    my $pdu = $smpp->read_pdu() or die 'no receipt';
    $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
    (my $words = $pdu->{short_message}) =~ s/date:\d+/date:x/g;
    print "receipt $pdu->{source_addr} $pdu->{destination_addr} $pdu->{esm_class} $words\n";
}

my $taken = $smpp->submit_sm(%from, %to, @receipt, short_message => 'Case 260000017');
print 'submit ', status($taken), ' ', $taken->{message_id}, "\n";
receipt();

for my $n (1, 2) {
    my $part = $smpp->submit_sm(%from, %to, @receipt, esm_class => 0x40, data_coding => 8, short_message => pack('C6', 5, 0, 3, 9, 2, $n) . pack('n*', 0x4D9, 0x493, 0x30 + $n));
    print 'part ', status($part), "\n";
    receipt();
}

my $nobody = $smpp->submit_sm(%from, %to, @receipt, destination_addr => '77010000002', short_message => 'a');
print 'nobody ', status($nobody), "\n";

my $asked = $smpp->query_sm(%from, message_id => $taken->{message_id});
print 'query ', status($asked), " $asked->{message_state} ", length($asked->{final_date}), "\n";

my $cancelled = $smpp->cancel_sm(%from, %to, message_id => $taken->{message_id});
print 'cancel ', status($cancelled), "\n";
print 'enquire ', status($smpp->enquire_link()), "\n";
print 'unbind ', status($smpp->unbind()), "\n";
