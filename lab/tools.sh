# What ./check and ./demo share. Sourced; expects to be in the repository's folder.

say() { if [ -t 2 ]; then printf '\033[1m== %s\033[0m\n' "$*" >&2; else printf '== %s\n' "$*" >&2; fi; }
give_up() { printf '%s\n' "$*" >&2; exit 1; }

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_packages() {
  say "installing $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2 && return
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

java_major() {
  local java=java
  [ -n "${JAVA_HOME:-}" ] && java="$JAVA_HOME/bin/java"
  "$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1
}

has_jdk() {
  local compiler=javac
  [ -n "${JAVA_HOME:-}" ] && compiler="$JAVA_HOME/bin/javac"
  local major
  command -v "$compiler" >/dev/null && major=$(java_major) && [ "${major:-0}" -ge 17 ]
}

need_build_tools() {
  if ! has_jdk; then
    may_install && install_packages default-jdk-headless || true
    has_jdk || give_up "A JDK 17 or newer is needed: install one (Debian: apt-get install default-jdk-headless) or set JAVA_HOME."
  fi
  if ! command -v mvn >/dev/null; then
    may_install && install_packages maven || true
    command -v mvn >/dev/null || give_up "Maven 3.8.7 or newer is needed: install it (Debian: apt-get install maven) and run this again."
  fi
  if ! command -v python3 >/dev/null; then
    may_install && install_packages python3 || true
    command -v python3 >/dev/null || give_up "Python 3.9 or newer is needed: install it (Debian: apt-get install python3) and run this again."
  fi
}

# Tests that need one of these are skipped by name where it cannot be had.
install_for_tests() {
  local package wanted=()
  [ -x /usr/lib/postgresql/15/bin/postgres ] && may_install || return 0
  for package in postgresql-15-hypopg postgresql-15-pg-qualstats faketime; do
    dpkg -s "$package" >/dev/null 2>&1 || wanted+=("$package")
  done
  [ ${#wanted[@]} = 0 ] || install_packages "${wanted[@]}" || say "not to be had here: ${wanted[*]}"
}

embedded_platform() {
  local arch=amd64
  case "$(uname -m)" in aarch64 | arm64) arch=arm64v8 ;; esac
  case "$(uname -s)" in
    Darwin) echo "darwin-$arch" ;;
    Linux) echo "linux-$arch" ;;
    *) echo windows-amd64 ;;
  esac
}

embedded_version() { sed -n "s:.*<embedded\.postgres\.$1>\(.*\)</.*:\1:p" pom.xml; }

# PostgreSQL 14 to 18 as binaries from Maven Central, for the tests that start servers of their own.
fetch_postgres_binaries() {
  local artifact major version
  artifact=embedded-postgres-binaries-$(embedded_platform)
  for major in "$@"; do
    version=$(embedded_version "$major")
    [ -n "$version" ] || give_up "pom.xml names no version for embedded.postgres.$major."
    [ "target/postgres-binaries/$major.jar" -nt pom.xml ] && continue
    say "fetching PostgreSQL $version"
    maven org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -q \
      -Dartifact="io.zonky.test.postgres:$artifact:$version" -DoutputDirectory=target/postgres-binaries
    # The tests look for a version by its first number alone.
    mv "target/postgres-binaries/$artifact-$version.jar" "target/postgres-binaries/$major.jar"
    touch "target/postgres-binaries/$major.jar"
  done
}

# MAVEN_FLAGS may hold --offline or a settings file.
# shellcheck disable=SC2086
maven() { mvn -B ${MAVEN_FLAGS:-} "$@"; }
