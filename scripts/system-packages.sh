#!/bin/bash
# Installs the Debian packages that a make target needs, when they are missing: as root with apt-get,
# else it prints the command to run.
#   scripts/system-packages.sh build|test|bench|demo|screenshots
# `build` never fails for a lack: everything it asks for serves the optional `cap` engine.
set -euo pipefail

# what-to-look-for=package; a name with a slash is a file, else a command
build_needs=(g++=g++ python3=python3 /usr/include/pcap/pcap.h=libpcap-dev)
demo_needs=(ip=iproute2 nft=nftables)
test_needs=("${build_needs[@]}" "${demo_needs[@]}" ss=iproute2 tcpdump=tcpdump tshark=tshark tcptrace=tcptrace tcpflow=tcpflow jq=jq curl=curl
  setpriv=util-linux script=bsdutils ps=procps man=man-db zsh=zsh fish=fish tmux=tmux)
screenshots_needs=("${demo_needs[@]}" tmux=tmux python3=python3)
bench_needs=(ip=iproute2 tcpdump=tcpdump tshark=tshark capinfos=wireshark-common editcap=wireshark-common tcptrace=tcptrace
  iperf3=iperf3 tcpreplay=tcpreplay wrk=wrk nginx=nginx-light script=bsdutils)

target=${1:?usage: system-packages.sh build|test|bench|demo|screenshots}
declare -n needs="${target}_needs"

missing() {
  local need
  for need in "${needs[@]}"; do
    local probe=${need%=*} package=${need##*=}
    if [[ $probe == */* ]]; then [[ -e $probe ]] || echo "$package"
    else PATH="$PATH:/usr/sbin:/sbin" command -v "$probe" >/dev/null || echo "$package"; fi
  done | sort -u
}

mapfile -t packages < <(missing)
[[ ${#packages[@]} -eq 0 ]] && exit 0

if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
  echo "make $target: installing the Debian packages ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${packages[@]}"; } >/dev/null </dev/null || true
  mapfile -t packages < <(missing)
  [[ ${#packages[@]} -eq 0 ]] && exit 0
fi

if [[ $target == build ]]; then
  echo "make build: going on without the optional libpcap engine; for it: sudo apt-get install ${packages[*]}"
  exit 0
fi
echo "make $target needs: sudo apt-get install ${packages[*]}" >&2
exit 1
