//! How the functions are linked: the build script of each.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // What is deployed lies at a fixed address: 10,000 pointers need not be adjusted at each start, which is a tenth of it.
    // It gives up that the program's own code is at another address each time; its stack, its heap and the system's
    // libraries still are.
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
