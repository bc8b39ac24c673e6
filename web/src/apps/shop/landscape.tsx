/** Hills in the morning, or at night in the dark theme. */
export function Landscape({ className }: { className: string }) {
  return (
    <svg
      viewBox="0 -80 1200 500"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
      className={className}
    >
      <rect y="-80" width="1200" height="500" className="fill-hill-sky" />
      <circle cx="1000" cy="40" r="46" className="fill-hill-sun" />
      <path
        d="M0 310L130 250L240 290L400 214L480 262L580 190L700 266L850 120L960 224L1060 160L1200 262V420H0Z"
        className="fill-hill-1"
      />
      <path d="M820 149L850 120L878 147L864 155L850 144L836 157Z" fill="#fff" opacity=".75" />
      <path d="M1034 179L1060 160L1090 182L1074 190L1060 180L1048 190Z" fill="#fff" opacity=".6" />
      <path
        d="M0 340L120 270L260 320L420 240L560 310L720 250L900 320L1040 262L1200 330V420H0Z"
        className="fill-hill-2"
      />
      <path d="M0 372Q160 300 330 352T660 340Q820 300 960 350T1200 340V420H0Z" className="fill-hill-3" />
      <path d="M0 402Q240 350 500 392T1000 380Q1110 372 1200 392V420H0Z" className="fill-hill-4" />
      {[860, 884, 902, 930, 1010, 1034, 140, 168, 190].map((x, index) => (
        <path
          key={x}
          d={`M${x} ${392 - (index % 3) * 4}l12 -${34 + (index % 4) * 7}l12 ${34 + (index % 4) * 7}z`}
          className="fill-hill-4"
        />
      ))}
      <path d="M632 392L664 342L698 392Z" fill="#d98746" />
      <path d="M664 342L698 392H676Q672 364 664 342Z" fill="#b5692f" />
    </svg>
  );
}
