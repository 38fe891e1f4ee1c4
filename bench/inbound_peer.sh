#!/bin/sh
# The peer of bench/inbound.py: Postfix -> Dovecot LMTP (default fsync), on this machine.
# Needs root and Debian's postfix, dovecot-imapd and dovecot-lmtpd. Everything it makes is in a
# temporary folder, it listens on loopback only, and it stops what it started.
#
#   sh bench/inbound_peer.sh [messages] [sessions] [size]
set -eu
messages=${1:-3000} sessions=${2:-20} size=${3:-10000} port=${PEER_PORT:-2526}
dir=$(mktemp -d) && chmod 755 "$dir"
mkdir "$dir/conf" "$dir/queue" "$dir/data" "$dir/dovecot" "$dir/mail"
useradd -r -M -d "$dir/mail" benchmail 2>/dev/null || true
chown benchmail "$dir/mail"; chown postfix "$dir/data"

cat > "$dir/dovecot.conf" <<CONF
base_dir = $dir/dovecot
protocols = lmtp
mail_location = maildir:$dir/mail/%u
mail_uid = benchmail
mail_gid = benchmail
first_valid_uid = 1
log_path = $dir/dovecot.log
ssl = no
userdb {
  driver = static
  args = uid=benchmail gid=benchmail home=$dir/mail/%u
}
passdb {
  driver = static
  args = nopassword=y
}
service lmtp {
  process_min_avail = 5
  unix_listener $dir/lmtp {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
CONF
cp /etc/postfix/master.cf "$dir/conf/master.cf" 2>/dev/null ||
    cp /usr/share/postfix/master.cf.dist "$dir/conf/master.cf"
# One listener on our port; nothing chrooted, so that the socket of LMTP is found.
sed -i -e "s/^smtp  *inet.*/127.0.0.1:$port inet n - n - 100 smtpd/" \
    -e 's/^\([a-z][a-z0-9_-]*  *unix  *[-yn]  *[-yn]  *\)y/\1n/' "$dir/conf/master.cf"
cat > "$dir/conf/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file_prefixes = $dir
maillog_file = $dir/postfix.log
myhostname = bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = bench.example
virtual_transport = lmtp:unix:$dir/lmtp
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
CONF
grep -q '^postlog' "$dir/conf/master.cf" ||
    echo 'postlog unix-dgram n - n - 1 postlogd' >> "$dir/conf/master.cf"

stop() {
    postfix -c "$dir/conf" stop >/dev/null 2>&1 || true
    doveadm -c "$dir/dovecot.conf" stop >/dev/null 2>&1 || true
    if [ "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap stop EXIT INT TERM
dovecot -c "$dir/dovecot.conf"
postfix -c "$dir/conf" start >/dev/null 2>&1
sleep 2

arrived() { find "$dir/mail" -path '*/new/*' -type f | wc -l; }

measure() { # inboxes
    rm -rf "$dir"/mail/*
    began=$(date +%s.%N)
    if [ "$1" = 1 ]; then
        smtp-source -s "$sessions" -m "$messages" -l "$size" -f ann@customer.example \
            -t box0@bench.example "127.0.0.1:$port"
    else
        each=$((sessions / $1)); [ "$each" -gt 0 ] || each=1
        senders=
        for n in $(seq 0 $(($1 - 1))); do
            smtp-source -s "$each" -m $((messages / $1)) -l "$size" -f ann@customer.example \
                -t "box$n@bench.example" "127.0.0.1:$port" &
            senders="$senders $!"
        done
        wait $senders
    fi
    tries=0
    while [ "$(arrived)" -lt "$messages" ] && [ "$tries" -lt 600 ]; do
        sleep 0.2; tries=$((tries + 1))
    done
    ended=$(date +%s.%N)
    echo "$1 inboxes: $(arrived) arrived," \
        "$(awk "BEGIN { printf \"%.0f\", $messages / ($ended - $began) }") messages/s"
}
measure 1
measure 20
